//! Tokens that nobody should believe, made with everything a forger could have and more: here
//! even the right key.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tributary_vault::TokenSigner;

/// Signs any header and claims.
pub(crate) struct Forge {
    key: EncodingKey,
    pub(crate) kid: String,
    pub(crate) public_key: Vec<u8>,
    /// seconds since 1970
    pub(crate) now: i64,
}

impl Forge {
    pub(crate) fn new(signer: &TokenSigner, now_ms: i64) -> Self {
        Self {
            key: EncodingKey::from_ed_der(signer.pkcs8_der().expose_secret()),
            kid: signer.kid().to_owned(),
            public_key: signer.public_key().to_vec(),
            now: now_ms / 1000,
        }
    }

    pub(crate) fn header(&self) -> Value {
        json!({"typ": "at+jwt", "alg": "EdDSA", "kid": self.kid})
    }

    /// What an engineer of acme has.
    pub(crate) fn claims(&self) -> Value {
        json!({
            "iss": "tributary", "aud": "tributary-api", "sub": "acme-engineer", "jti": "1",
            "iat": self.now, "nbf": self.now, "exp": self.now + 900,
            "role": "engineer", "tenant": "acme",
        })
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    pub(crate) fn sign_text(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", b64(header), b64(claims));
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, Algorithm::EdDSA).unwrap();
        format!("{message}.{signature}")
    }

    pub(crate) fn good(&self) -> String {
        self.sign(&self.header(), &self.claims())
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims();
        claims[name] = value;
        self.sign(&self.header(), &claims)
    }

    fn without_claim(&self, name: &str) -> String {
        let mut claims = self.claims();
        claims.as_object_mut().unwrap().remove(name);
        self.sign(&self.header(), &claims)
    }

    fn with_header(&self, name: &str, value: Value) -> String {
        let mut header = self.header();
        header[name] = value;
        self.sign(&header, &self.claims())
    }

    fn without_header(&self, name: &str) -> String {
        let mut header = self.header();
        header.as_object_mut().unwrap().remove(name);
        self.sign(&header, &self.claims())
    }

    pub(crate) fn expired(&self) -> String {
        let mut claims = self.claims();
        for name in ["iat", "nbf", "exp"] {
            claims[name] = json!(claims[name].as_i64().unwrap() - 931);
        }
        self.sign(&self.header(), &claims)
    }

    pub(crate) fn wrong_audience(&self) -> String {
        self.with_claim("aud", json!("another-api"))
    }

    pub(crate) fn bad_signature(&self) -> String {
        let mut token = self.good().into_bytes();
        let at = token.len() - 10;
        token[at] = if token[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(token).unwrap()
    }

    /// Claims that are wrong, rightly signed: (what is wrong, token).
    fn bad_claims(&self) -> Vec<(String, String)> {
        let now = self.now;
        let mut bad = Vec::new();
        for name in [
            "iss", "aud", "sub", "jti", "iat", "nbf", "exp", "role", "tenant",
        ] {
            bad.push((format!("no {name}"), self.without_claim(name)));
            bad.push((format!("null {name}"), self.with_claim(name, Value::Null)));
            bad.push((
                format!("{name} is an object"),
                self.with_claim(name, json!({})),
            ));
        }
        for (name, value) in [
            ("iss", json!("evil")),
            ("iss", json!(7)),
            ("iss", json!(["tributary", "evil"])),
            ("aud", json!("tributary-api2")),
            ("aud", json!(7)),
            ("aud", json!(["tributary-api", "other"])),
            ("sub", json!("")),
            ("sub", json!(7)),
            ("exp", json!(now - 31)),
            ("exp", json!((now + 900).to_string())),
            ("exp", json!(-1)),
            ("exp", json!(now as f64 + 900.5)),
            ("exp", json!(9_406_368_000_000_i64)),
            ("exp", json!(u64::MAX)),
            ("exp", json!(now)),
            ("exp", json!(now + 901)),
            ("nbf", json!(now + 60)),
            ("nbf", json!(now + 86_400)),
            ("nbf", json!("0")),
            ("iat", json!(now + 60)),
            ("iat", json!(now + 31_536_000)),
            ("iat", json!(now - 1)),
            ("iat", json!(u64::MAX)),
            ("role", json!("admin")),
            ("role", json!("Operator")),
            ("role", json!("operator")),
            ("role", json!(["engineer"])),
            ("tenant", json!("")),
            ("tenant", json!("Acme")),
            ("tenant", json!("acme/../globex")),
            ("tenant", json!(["acme"])),
            ("scope", json!("*")),
        ] {
            bad.push((format!("{name} is {value}"), self.with_claim(name, value)));
        }
        let text = self.claims().to_string();
        for twice in [
            "\"tenant\":\"globex\"",
            "\"role\":\"customer_admin\"",
            "\"exp\":9999999999",
        ] {
            let claims = text.replacen('{', &format!("{{{twice},"), 1);
            let token = self.sign_text(&self.header().to_string(), &claims);
            bad.push((format!("{twice} twice"), token));
        }
        for claims in ["null", "[]", "\"text\"", "", "{", "{}"] {
            let token = self.sign_text(&self.header().to_string(), claims);
            bad.push((format!("claims are {claims:?}"), token));
        }
        bad
    }

    /// Headers that are wrong, rightly signed.
    fn bad_headers(&self) -> Vec<(String, String)> {
        let jwk =
            json!({"kty": "OKP", "crv": "Ed25519", "x": BASE64URL_NOPAD.encode(&self.public_key)});
        let mut bad: Vec<(String, String)> = ["typ", "alg", "kid"]
            .into_iter()
            .map(|name| (format!("header without {name}"), self.without_header(name)))
            .collect();
        for (name, value) in [
            ("typ", json!("JWT")),
            ("typ", json!("id+jwt")),
            ("typ", json!("AT+JWT")),
            ("alg", json!("none")),
            ("alg", json!("HS256")),
            ("alg", json!("RS256")),
            ("alg", json!("ES256")),
            ("alg", json!("EDDSA")),
            ("kid", json!("another")),
            ("kid", json!("")),
            ("kid", json!("../../etc/passwd")),
            ("kid", json!(7)),
            ("crit", json!(["exp"])),
            ("crit", json!([])),
            ("jku", json!("https://evil.example/jwks")),
            ("x5u", json!("https://evil.example/x5u")),
            ("x5c", json!(["AAAA"])),
            ("jwk", jwk),
            ("cty", json!("JWT")),
            ("zip", json!("DEF")),
            ("b64", json!(false)),
            ("nonce", json!("x")),
        ] {
            bad.push((
                format!("header {name} is {value}"),
                self.with_header(name, value),
            ));
        }
        bad
    }

    /// Texts and signatures that are wrong.
    fn bad_forms(&self) -> Vec<(String, String)> {
        let good = self.good();
        let (message, signature) = good.rsplit_once('.').unwrap();
        let (header, claims) = message.split_once('.').unwrap();
        let none =
            b64(r#"{"typ":"at+jwt","alg":"none","kid":"KID"}"#.replace("KID", &self.kid).as_str());
        let hmac_header =
            b64(&json!({"typ": "at+jwt", "alg": "HS256", "kid": self.kid}).to_string());
        let hmac_message = format!("{hmac_header}.{claims}");
        let hmac = jsonwebtoken::crypto::sign(
            hmac_message.as_bytes(),
            &EncodingKey::from_secret(&self.public_key),
            Algorithm::HS256,
        )
        .unwrap();
        let mut operator = self.claims();
        operator["role"] = json!("operator");
        let other_claims = b64(&operator.to_string());
        let texts = [
            ("bad signature", self.bad_signature()),
            (
                "signature cut",
                format!("{message}.{}", &signature[..signature.len() - 4]),
            ),
            ("no signature", format!("{message}.")),
            ("two parts", message.to_owned()),
            ("one part", header.to_owned()),
            ("four parts", format!("{good}.{signature}")),
            ("five parts", format!("{good}.{signature}.{signature}")),
            (
                "other claims",
                format!("{header}.{other_claims}.{signature}"),
            ),
            ("unsigned", format!("{none}.{claims}.")),
            (
                "unsigned, old signature",
                format!("{none}.{claims}.{signature}"),
            ),
            (
                "public key as HMAC secret",
                format!("{hmac_message}.{hmac}"),
            ),
            ("padded", format!("{message}.{signature}==")),
            ("standard base64", good.replace(['-', '_'], "+") + "+/"),
            ("10 kB", "A".repeat(10_240)),
            ("10 kB behind", format!("{good}{}", "A".repeat(10_240))),
            ("dots", "...".to_owned()),
            ("null", "null".to_owned()),
            ("inner space", format!("{message} .{signature}")),
            ("claims as header", format!("{claims}.{claims}.{signature}")),
        ];
        texts
            .into_iter()
            .map(|(what, token)| (what.to_owned(), token))
            .collect()
    }

    /// Every bad token.
    pub(crate) fn bad(&self) -> Vec<(String, String)> {
        let mut bad = self.bad_claims();
        bad.extend(self.bad_headers());
        bad.extend(self.bad_forms());
        bad
    }
}

fn b64(text: &str) -> String {
    BASE64URL_NOPAD.encode(text.as_bytes())
}
