// Starts a provider as Terraform does, with go-plugin's own client, and tells as JSON what became of it.
//
// Usage: go_plugin PROVIDER
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

const (
	cookieKey   = "TF_PLUGIN_MAGIC_COOKIE"
	cookieValue = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"
	pings       = 3
)

// What became of the provider.
type outcome struct {
	Protocol       string  `json:"protocol"`
	Version        int     `json:"version"`
	Pings          int     `json:"pings"`
	SchemaBytes    int     `json:"schema_bytes"`
	KillSeconds    float64 `json:"kill_seconds"`
	ExitCode       int     `json:"exit_code"`
	EndedBySignal  bool    `json:"ended_by_signal"`
	GoPluginForced bool    `json:"go_plugin_forced"`
}

// A plugin of which nothing but the connection is wanted.
type provider struct{ plugin.NetRPCUnsupportedPlugin }

func (provider) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("this is a client")
}

func (provider) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, connection *grpc.ClientConn) (interface{}, error) {
	return connection, nil
}

// A log that remembers whether go-plugin had to kill.
type watch struct{ forced bool }

func (watch *watch) Accept(_ string, level hclog.Level, message string, _ ...interface{}) {
	if level >= hclog.Warn && message == "plugin failed to exit gracefully" {
		watch.forced = true
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go_plugin PROVIDER")
		os.Exit(2)
	}
	outcome, err := run(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(outcome); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path string) (*outcome, error) {
	watch := &watch{}
	log := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: os.Stderr, Level: hclog.Warn})
	log.RegisterSink(watch)
	command := exec.Command(path)
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  plugin.HandshakeConfig{MagicCookieKey: cookieKey, MagicCookieValue: cookieValue},
		VersionedPlugins: map[int]plugin.PluginSet{5: {"provider": provider{}}, 6: {"provider": provider{}}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		Cmd:              command,
		Logger:           log,
		SyncStdout:       os.Stderr,
		SyncStderr:       os.Stderr,
	})
	defer client.Kill()

	protocol, err := client.Client()
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	result := &outcome{Protocol: string(client.Protocol()), Version: client.NegotiatedVersion()}
	for range [pings]struct{}{} {
		if err := protocol.Ping(); err != nil {
			return nil, fmt.Errorf("ping: %w", err)
		}
		result.Pings++
	}

	dispensed, err := protocol.Dispense("provider")
	if err != nil {
		return nil, fmt.Errorf("dispensing: %w", err)
	}
	connection, ok := dispensed.(*grpc.ClientConn)
	if !ok {
		return nil, fmt.Errorf("dispensed a %T", dispensed)
	}
	limited, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	// Without the message's type all of its fields are unknown ones, which are kept.
	schema := &emptypb.Empty{}
	if err := connection.Invoke(limited, "/tfplugin6.Provider/GetProviderSchema", &emptypb.Empty{}, schema); err != nil {
		return nil, fmt.Errorf("asking for the schema: %w", err)
	}
	result.SchemaBytes = len(schema.ProtoReflect().GetUnknown())

	began := time.Now()
	client.Kill()
	result.KillSeconds = time.Since(began).Seconds()
	if command.ProcessState == nil {
		return nil, errors.New("the provider did not end")
	}
	result.ExitCode = command.ProcessState.ExitCode()
	status, ok := command.ProcessState.Sys().(syscall.WaitStatus)
	if !ok {
		return nil, errors.New("the system tells no wait status")
	}
	result.EndedBySignal = status.Signaled()
	result.GoPluginForced = watch.forced
	return result, nil
}
