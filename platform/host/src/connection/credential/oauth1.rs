//! OAuth 1.0a signatures (RFC 5849 §3.4) with tokens made beforehand, as NetSuite's token-based
//! authentication needs them. The parameters of a form body are signed too.

use std::sync::Arc;

use data_encoding::BASE64;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use tributary_model::clock::Clock;
use tributary_model::http_auth::{HmacAlgorithm, Oauth1, Oauth1Method};
use tributary_model::problem::Problem;

use super::{Secrets, digest, nonce, sensitive};
use crate::connection::config_problem;
use crate::connection::http::address::{percent, query_pairs};

pub(crate) struct Signer {
    settings: Oauth1,
    consumer_secret: SecretString,
    token_secret: Option<SecretString>,
    clock: Arc<dyn Clock>,
}

/// What is signed besides the parameters.
struct Signed<'a> {
    method: &'a str,
    url: &'a Url,
    /// the pairs of a form body
    form: Vec<(String, String)>,
    timestamp: &'a str,
    nonce: &'a str,
}

impl Signer {
    pub(super) fn new(
        settings: &Oauth1,
        secrets: &Secrets,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Problem> {
        let token_secret = match settings.token_id.is_empty() {
            true => secrets.optional("token_secret"),
            false => Some(secrets.required("token_secret")?),
        };
        if settings.realm.contains(['"', '\\']) || settings.realm.chars().any(char::is_control) {
            let detail = "a realm has no quotes and no backslashes";
            return Err(config_problem("/endpoint/auth/realm", detail));
        }
        Ok(Self {
            settings: settings.clone(),
            consumer_secret: secrets.required("consumer_secret")?,
            token_secret,
            clock,
        })
    }

    pub(super) fn apply(&self, request: &mut reqwest::Request, body: &[u8]) -> Result<(), Problem> {
        let content_type = request.headers().get(CONTENT_TYPE);
        let is_form = content_type
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        let form = match is_form {
            true => form_pairs(body),
            false => Vec::new(),
        };
        let timestamp = self.clock.now_ms().div_euclid(1000).to_string();
        let header = self.header(&Signed {
            method: request.method().as_str(),
            url: request.url(),
            form,
            timestamp: &timestamp,
            nonce: &nonce()?,
        });
        let header = sensitive(&header, "consumer_secret")?;
        request.headers_mut().insert(AUTHORIZATION, header);
        Ok(())
    }

    fn header(&self, signed: &Signed<'_>) -> String {
        let mut parameters = self.parameters(signed);
        let signature = self.signature(&base_string(signed, &parameters));
        parameters.push(("oauth_signature".to_owned(), signature));
        let mut header = String::from("OAuth ");
        if !self.settings.realm.is_empty() {
            header.push_str(&format!("realm=\"{}\", ", self.settings.realm));
        }
        let pairs = parameters
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", percent(value.as_bytes())));
        header.push_str(&pairs.collect::<Vec<_>>().join(", "));
        header
    }

    fn parameters(&self, signed: &Signed<'_>) -> Vec<(String, String)> {
        let method = match self.settings.signature_method {
            Oauth1Method::HmacSha256 => "HMAC-SHA256",
            Oauth1Method::HmacSha1 => "HMAC-SHA1",
        };
        let mut parameters = vec![
            ("oauth_consumer_key", self.settings.consumer_key.as_str()),
            ("oauth_nonce", signed.nonce),
            ("oauth_signature_method", method),
            ("oauth_timestamp", signed.timestamp),
            ("oauth_version", "1.0"),
        ];
        if !self.settings.token_id.is_empty() {
            parameters.push(("oauth_token", self.settings.token_id.as_str()));
        }
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        parameters.into_iter().map(owned).collect()
    }

    fn signature(&self, base: &str) -> String {
        let algorithm = match self.settings.signature_method {
            Oauth1Method::HmacSha256 => HmacAlgorithm::Sha256,
            Oauth1Method::HmacSha1 => HmacAlgorithm::Sha1,
        };
        let token = self.token_secret.as_ref();
        let token = token.map_or("", |secret| secret.expose_secret());
        let key = format!(
            "{}&{}",
            percent(self.consumer_secret.expose_secret().as_bytes()),
            percent(token.as_bytes())
        );
        BASE64.encode(&digest::hmac(algorithm, key.as_bytes(), base.as_bytes()))
    }
}

/// RFC 5849 §3.4.1.
fn base_string(signed: &Signed<'_>, parameters: &[(String, String)]) -> String {
    let query = query_pairs(signed.url);
    let all = query.iter().chain(&signed.form).chain(parameters);
    let mut encoded: Vec<(String, String)> = all
        .map(|(name, value)| (percent(name.as_bytes()), percent(value.as_bytes())))
        .collect();
    encoded.sort();
    let pairs: Vec<String> = encoded
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    // a port that is the scheme's own is not written
    let port = signed.url.port();
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let address = format!(
        "{}://{}{port}{}",
        signed.url.scheme(),
        signed.url.host_str().unwrap_or_default(),
        signed.url.path()
    );
    format!(
        "{}&{}&{}",
        signed.method,
        percent(address.as_bytes()),
        percent(pairs.join("&").as_bytes())
    )
}

/// The pairs of a form body, decoded.
fn form_pairs(body: &[u8]) -> Vec<(String, String)> {
    let mut carrier = match Url::parse("form:") {
        Ok(url) => url,
        Err(_) => return Vec::new(),
    };
    carrier.set_query(Some(&String::from_utf8_lossy(body)));
    query_pairs(&carrier)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tributary_model::clock::FixedClock;

    use super::*;

    fn signer(settings: Oauth1, consumer: &str, token: &str) -> Signer {
        let secrets = BTreeMap::from([
            ("consumer_secret".to_owned(), consumer.to_owned()),
            ("token_secret".to_owned(), token.to_owned()),
        ]);
        Signer::new(&settings, &Secrets::new(&secrets), Arc::new(FixedClock(0))).unwrap()
    }

    fn settings(consumer_key: &str, token_id: &str) -> Oauth1 {
        Oauth1 {
            consumer_key: consumer_key.to_owned(),
            token_id: token_id.to_owned(),
            realm: String::new(),
            signature_method: Oauth1Method::HmacSha1,
        }
    }

    /// The parameters as RFC 5849's examples have them: without a version.
    fn unversioned(signer: &Signer, signed: &Signed<'_>) -> Vec<(String, String)> {
        let mut parameters = signer.parameters(signed);
        parameters.retain(|(name, _)| name != "oauth_version");
        parameters
    }

    #[test]
    fn the_base_string_of_rfc_5849_section_3_4_1_1() {
        let signer = signer(
            settings("9djdj82h48djs9d2", "kkk9d7dh3k39sjv7"),
            "j49sk3j29djd",
            "dh893hdasih9",
        );
        let url =
            Url::parse("http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b").unwrap();
        let signed = Signed {
            method: "POST",
            url: &url,
            form: form_pairs(b"c2&a3=2+q"),
            timestamp: "137131201",
            nonce: "7d8f3e4a",
        };
        assert_eq!(
            base_string(&signed, &unversioned(&signer, &signed)),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    #[test]
    fn the_signature_of_rfc_5849_section_1_2() {
        let signer = signer(
            settings("dpf43f3p2l4k3l03", "nnch734d00sl2jdk"),
            "kd94hf93k423kf44",
            "pfkkdhi9sl3r4s00",
        );
        let url =
            Url::parse("http://photos.example.net/photos?file=vacation.jpg&size=original").unwrap();
        let signed = Signed {
            method: "GET",
            url: &url,
            form: Vec::new(),
            timestamp: "137131202",
            nonce: "chapoH",
        };
        let base = base_string(&signed, &unversioned(&signer, &signed));
        assert_eq!(signer.signature(&base), "MdpQcU8iPSUjWoN/UDMsK2sui9I=");
    }

    #[test]
    fn the_realm_is_sent_and_not_signed() {
        let mut netsuite = settings("ck", "tk");
        netsuite.realm = "1234567_SB1".to_owned();
        netsuite.signature_method = Oauth1Method::HmacSha256;
        let url = Url::parse("https://1234567-sb1.example.com/rest").unwrap();
        let signed = Signed {
            method: "GET",
            url: &url,
            form: Vec::new(),
            timestamp: "1",
            nonce: "n",
        };
        let with = signer(netsuite.clone(), "cs", "ts").header(&signed);
        assert!(
            with.starts_with("OAuth realm=\"1234567_SB1\", oauth_consumer_key=\"ck\""),
            "{with}"
        );
        netsuite.realm.clear();
        let without = signer(netsuite, "cs", "ts").header(&signed);
        assert_eq!(with.replace("realm=\"1234567_SB1\", ", ""), without);
        assert!(without.contains("oauth_signature_method=\"HMAC-SHA256\""));
        assert!(!with.contains("cs\"") && !with.contains("ts\""));
    }
}
