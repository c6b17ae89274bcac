"""Fetches one manifest from a registry and prints what it is, as one line of JSON.

Arguments: base URL, repository, reference, and optionally the registry's name, sent as Host when the base URL is
an emulator's. ECRUNNER_REGISTRY_LOGIN may hold `user:password` for Basic authentication. A Bearer challenge is answered anonymously, as a client without a login does.
"""

import base64
import hashlib
import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

ACCEPT = ", ".join(
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]
)


def get(url, headers):
    request = urllib.request.Request(url, headers=headers)
    return urllib.request.urlopen(request, timeout=30)


def anonymous_token(challenge):
    parameters = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    realm = parameters.pop("realm")
    with get(realm + "?" + urllib.parse.urlencode(parameters), {}) as answer:
        body = json.load(answer)
    return body.get("token") or body["access_token"]


def manifest(base, repository, reference, host=None):
    url = f"{base}/v2/{repository}/manifests/{reference}"
    headers = {"Accept": ACCEPT}
    if host:
        headers["Host"] = host
    login = os.environ.get("ECRUNNER_REGISTRY_LOGIN")
    if login:
        headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    try:
        with get(url, headers) as answer:
            return answer.read(), answer.headers.get("Content-Type")
    except urllib.error.HTTPError as error:
        challenge = error.headers.get("WWW-Authenticate", "")
        if error.code != 401 or login or not challenge.startswith("Bearer "):
            raise
    headers["Authorization"] = "Bearer " + anonymous_token(challenge)
    with get(url, headers) as answer:
        return answer.read(), answer.headers.get("Content-Type")


def main():
    raw, content_type = manifest(*sys.argv[1:])
    document = json.loads(raw)
    platforms = []
    for child in document.get("manifests", []):
        platform = child.get("platform", {})
        name = "/".join(platform[key] for key in ("os", "architecture", "variant") if platform.get(key))
        platforms.append(name or "unknown")
    # The digest is computed from the bytes that came, whatever a header says.
    digest = "sha256:" + hashlib.sha256(raw).hexdigest()
    print(json.dumps({"digest": digest, "media_type": content_type, "platforms": platforms}))


try:
    main()
except (urllib.error.URLError, OSError) as error:
    sys.exit(f"{sys.argv[1]}/v2/{sys.argv[2]}/manifests/{sys.argv[3]}: {error}")
