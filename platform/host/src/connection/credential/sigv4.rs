//! AWS Signature Version 4. Host, content type and every `x-amz-…` header are signed.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use tributary_model::clock::Clock;
use tributary_model::http_auth::{HmacAlgorithm, Sigv4, TimestampFormat};
use tributary_model::problem::Problem;

use super::{Secrets, digest, moment, sensitive};
use crate::connection::http::address::{decoded, percent, percent_but};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

pub(crate) struct Signer {
    settings: Sigv4,
    secret: SecretString,
    session_token: Option<SecretString>,
    clock: Arc<dyn Clock>,
}

impl Signer {
    pub(super) fn new(
        settings: &Sigv4,
        secrets: &Secrets,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Problem> {
        Ok(Self {
            settings: settings.clone(),
            secret: secrets.required("secret_access_key")?,
            session_token: secrets.optional("session_token"),
            clock,
        })
    }

    pub(super) fn apply(&self, request: &mut reqwest::Request, body: &[u8]) -> Result<(), Problem> {
        let time = moment::written(self.clock.now_ms(), TimestampFormat::IsoBasic);
        let set = |headers: &mut HeaderMap, name: &'static str, text: &str, secret: &str| {
            let value = sensitive(text, secret)?;
            headers.insert(HeaderName::from_static(name), value);
            Ok::<_, Problem>(())
        };
        let headers = request.headers_mut();
        set(headers, "x-amz-date", &time, "secret_access_key")?;
        if self.settings.service == "s3" {
            let hash = HEXLOWER.encode(&digest::sha256(body));
            set(headers, "x-amz-content-sha256", &hash, "secret_access_key")?;
        }
        if let Some(token) = &self.session_token {
            set(
                headers,
                "x-amz-security-token",
                token.expose_secret(),
                "session_token",
            )?;
        }
        let value = self.authorization(
            request.method().as_str(),
            request.url(),
            request.headers(),
            body,
            &time,
        );
        let value = sensitive(&value, "secret_access_key")?;
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }

    fn authorization(
        &self,
        method: &str,
        url: &Url,
        headers: &HeaderMap,
        body: &[u8],
        time: &str,
    ) -> String {
        let mut signed: Vec<(String, String)> = vec![("host".to_owned(), host(url))];
        for (name, value) in headers {
            if name == CONTENT_TYPE || name.as_str().starts_with("x-amz-") {
                let value = String::from_utf8_lossy(value.as_bytes());
                let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
                signed.push((name.as_str().to_owned(), value));
            }
        }
        signed.sort();
        let names: Vec<&str> = signed.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let lines: String = signed
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let canonical = format!(
            "{method}\n{}\n{}\n{lines}\n{names}\n{}",
            self.canonical_path(url),
            canonical_query(url),
            HEXLOWER.encode(&digest::sha256(body))
        );
        let day = time.get(..8).unwrap_or_default();
        let scope = format!(
            "{day}/{}/{}/aws4_request",
            self.settings.region, self.settings.service
        );
        let hash = HEXLOWER.encode(&digest::sha256(canonical.as_bytes()));
        let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{hash}");
        let signature = HEXLOWER.encode(&keyed(&self.key(day), to_sign.as_bytes()));
        format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.settings.access_key_id
        )
    }

    /// S3 signs the path encoded once, all others what is sent encoded once more.
    fn canonical_path(&self, url: &Url) -> String {
        match self.settings.service.as_str() {
            "s3" => percent_but(&decoded(url.path().as_bytes()), b"/"),
            _ => percent_but(url.path().as_bytes(), b"/"),
        }
    }

    fn key(&self, day: &str) -> Vec<u8> {
        let secret = format!("AWS4{}", self.secret.expose_secret());
        let key = keyed(secret.as_bytes(), day.as_bytes());
        let key = keyed(&key, self.settings.region.as_bytes());
        let key = keyed(&key, self.settings.service.as_bytes());
        keyed(&key, b"aws4_request")
    }
}

fn keyed(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    digest::hmac(HmacAlgorithm::Sha256, key, bytes)
}

fn host(url: &Url) -> String {
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    format!("{}{port}", url.host_str().unwrap_or_default())
}

fn canonical_query(url: &Url) -> String {
    let raw = url.query().unwrap_or_default();
    let mut pairs: Vec<(String, String)> = raw
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| {
            (
                percent(&decoded(name.as_bytes())),
                percent(&decoded(value.as_bytes())),
            )
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use reqwest::header::HeaderValue;
    use tributary_model::clock::FixedClock;

    use super::*;

    /// 2015-08-30T12:36:00Z, the moment of AWS' test suite.
    const MOMENT_MS: i64 = 1_440_938_160_000;

    fn signer(service: &str) -> Signer {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned();
        let secrets = BTreeMap::from([("secret_access_key".to_owned(), secret)]);
        let settings = Sigv4 {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            region: "us-east-1".to_owned(),
            service: service.to_owned(),
        };
        let clock = Arc::new(FixedClock(MOMENT_MS));
        Signer::new(&settings, &Secrets::new(&secrets), clock).unwrap()
    }

    fn signature(
        service: &str,
        method: &str,
        url: &str,
        content_type: Option<&str>,
        body: &str,
    ) -> String {
        let method = method.parse().unwrap();
        let mut request = reqwest::Request::new(method, Url::parse(url).unwrap());
        if let Some(content_type) = content_type {
            let value = HeaderValue::from_str(content_type).unwrap();
            request.headers_mut().insert(CONTENT_TYPE, value);
        }
        signer(service)
            .apply(&mut request, body.as_bytes())
            .unwrap();
        let header = request.headers()[AUTHORIZATION]
            .to_str()
            .unwrap()
            .to_owned();
        header.rsplit_once('=').unwrap().1.to_owned()
    }

    #[test]
    fn the_vectors_of_the_aws_suite() {
        let base = "https://example.amazonaws.com";
        let form = Some("application/x-www-form-urlencoded");
        for (name, method, path, content_type, body, wanted) in [
            (
                "get-vanilla",
                "GET",
                "/",
                None,
                "",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "post-vanilla",
                "POST",
                "/",
                None,
                "",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "get-vanilla-query-order-key-case",
                "GET",
                "/?Param2=value2&Param1=value1",
                None,
                "",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                "get-vanilla-utf8-query",
                "GET",
                "/?ሴ=bar",
                None,
                "",
                "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
            ),
            (
                "post-x-www-form-urlencoded",
                "POST",
                "/",
                form,
                "Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            let got = signature(
                "service",
                method,
                &format!("{base}{path}"),
                content_type,
                body,
            );
            assert_eq!(got, wanted, "{name}");
        }
    }

    #[test]
    fn the_example_of_the_iam_manual() {
        let got = signature(
            "iam",
            "GET",
            "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
            Some("application/x-www-form-urlencoded; charset=utf-8"),
            "",
        );
        assert_eq!(
            got,
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    /// The examples of the S3 manual, of 2013-05-24.
    #[test]
    fn the_examples_of_the_s3_manual() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned();
        let secrets = BTreeMap::from([("secret_access_key".to_owned(), secret)]);
        let settings = Sigv4 {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            region: "us-east-1".to_owned(),
            service: "s3".to_owned(),
        };
        let clock = Arc::new(FixedClock(1_369_353_600_000));
        let signer = Signer::new(&settings, &Secrets::new(&secrets), clock).unwrap();
        for (query, wanted) in [
            (
                "lifecycle",
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            ),
            (
                "max-keys=2&prefix=J",
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ] {
            let url = format!("https://examplebucket.s3.amazonaws.com/?{query}");
            let mut request =
                reqwest::Request::new(reqwest::Method::GET, Url::parse(&url).unwrap());
            signer.apply(&mut request, b"").unwrap();
            let header = request.headers()[AUTHORIZATION].to_str().unwrap();
            assert!(header.ends_with(wanted), "{query}: {header}");
        }
        let path = |service: &str| {
            let mut signer = self::signer(service);
            signer.settings.service = service.to_owned();
            signer.canonical_path(&Url::parse("https://x.example/a%20b/c:d").unwrap())
        };
        assert_eq!(path("s3"), "/a%20b/c%3Ad");
        assert_eq!(path("execute-api"), "/a%2520b/c%3Ad");
    }
}
