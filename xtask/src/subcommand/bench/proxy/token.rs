//! ECR's API as far as a puller needs it: every request is answered as GetAuthorizationToken.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

/// What the registry asks for, as `user:password`.
pub(super) const LOGIN: &str = "AWS:bench";
/// The same in base64, as the token is given and as Basic authentication sends it.
pub(super) const TOKEN: &str = "QVdTOmJlbmNo";
/// How long a token of ECR is good for.
const LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// Serves tokens until this process ends; gives the URL.
pub(super) fn serve() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("binding a port for tokens")?;
    let url = format!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Who asked sees a broken connection, and says so.
            let _ = answer(stream);
        }
    });
    Ok(url)
}

fn answer(mut stream: TcpStream) -> Result<()> {
    let mut request = BufReader::new(stream.try_clone()?);
    let (mut line, mut length) = (String::new(), 0);
    while request.read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
        line.clear();
    }
    std::io::copy(&mut request.by_ref().take(length), &mut std::io::sink())?;
    let expires = (SystemTime::now().duration_since(UNIX_EPOCH)? + LIFETIME).as_secs();
    let body =
        serde_json::json!({"authorizationData": [{"authorizationToken": TOKEN, "expiresAt": expires}]});
    let body = body.to_string();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::http::Connection;
    use super::*;

    #[test]
    fn token_is_given_with_its_end() {
        let url = serve().unwrap();
        let mut connection = Connection::open(url.strip_prefix("http://").unwrap(), 4096).unwrap();
        let length = connection.get("/", "").unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&connection.body(length).unwrap()).unwrap();
        assert_eq!(answer["authorizationData"][0]["authorizationToken"], TOKEN);
        assert!(answer["authorizationData"][0]["expiresAt"].as_u64() > Some(1_700_000_000), "{answer}");
    }
}
