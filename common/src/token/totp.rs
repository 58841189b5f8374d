//! Codes from secrets (RFC 6238 on RFC 4226): parameters in range, and the one comparison.
//!
//! Invariant: a code is compared in constant time, and only against the step asked for.

use std::fmt;

use super::{Code, Secret, UnixTime};

/// Which hash the HMAC uses (RFC 6238 §1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Deserialize)]
pub enum Algorithm {
    /// HMAC-SHA-1: what every authenticator app supports.
    #[default]
    #[serde(rename = "SHA1")]
    Sha1,
    /// HMAC-SHA-256.
    #[serde(rename = "SHA256")]
    Sha256,
    /// HMAC-SHA-512.
    #[serde(rename = "SHA512")]
    Sha512,
}

/// How many digits a code has: 6 to 8 (RFC 4226 §5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digits(u8);

/// Seconds per step (RFC 6238 X): 10 to 300; new tokens 30 to 60.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period(u16);

/// Number of a time step (RFC 6238 T): unix time divided by the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Step(u64);

/// A number lies outside what a token may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParametersError;

/// All that a token has besides its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Parameters {
    /// The hash.
    pub algorithm: Algorithm,
    /// Digits of a code.
    pub digits: Digits,
    /// Seconds per step.
    pub period: Period,
}

impl Algorithm {
    /// The name in URIs and files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Sha1, Self::Sha256, Self::Sha512].into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}

impl Digits {
    /// The default of every app.
    pub const SIX: Self = Self(6);

    /// # Errors
    /// [`ParametersError`] outside 6 to 8.
    pub const fn new(digits: u8) -> Result<Self, ParametersError> {
        if digits >= 6 && digits <= 8 { Ok(Self(digits)) } else { Err(ParametersError) }
    }

    /// The number.
    #[must_use]
    pub const fn as_u8(self) -> u8 {
        self.0
    }
}

impl Period {
    /// The default of every app.
    pub const THIRTY: Self = Self(30);

    /// # Errors
    /// [`ParametersError`] outside 10 to 300 seconds.
    pub const fn new(seconds: u16) -> Result<Self, ParametersError> {
        if seconds >= 10 && seconds <= 300 { Ok(Self(seconds)) } else { Err(ParametersError) }
    }

    /// Seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u16 {
        self.0
    }

    /// The step a time falls into.
    #[must_use]
    pub fn step_at(self, time: UnixTime) -> Step {
        // A period is never zero.
        Step(time.as_seconds().checked_div(u64::from(self.0)).unwrap_or(0))
    }
}

impl Step {
    /// The last step a counters file can hold: 12 decimal digits.
    pub const MAX: Self = Self(999_999_999_999);

    /// # Errors
    /// [`ParametersError`] beyond [`Step::MAX`].
    pub const fn new(number: u64) -> Result<Self, ParametersError> {
        if number <= Self::MAX.0 { Ok(Self(number)) } else { Err(ParametersError) }
    }

    /// The number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The step `offset` steps later (earlier if negative), held within the range.
    #[must_use]
    pub fn offset_by(self, offset: i64) -> Self {
        Self(self.0.saturating_add_signed(offset).min(Self::MAX.0))
    }

    /// How many steps this one lies after `other`; negative if before.
    #[must_use]
    pub fn minus(self, other: Self) -> i64 {
        let distance = i64::try_from(self.0.abs_diff(other.0)).unwrap_or(i64::MAX);
        if self >= other { distance } else { distance.saturating_neg() }
    }
}

impl Default for Parameters {
    /// SHA-1, six digits, thirty seconds: RFC 6238 §4 and every app.
    fn default() -> Self {
        Self { algorithm: Algorithm::Sha1, digits: Digits::SIX, period: Period::THIRTY }
    }
}

/// A code generator for one secret and its parameters. Wiped when dropped.
pub struct Totp {
    engine: totp_rs::Totp,
    parameters: Parameters,
}

impl Totp {
    /// A generator for this secret.
    #[must_use]
    pub fn new(secret: &Secret, parameters: Parameters) -> Self {
        let algorithm = match parameters.algorithm {
            Algorithm::Sha1 => totp_rs::Algorithm::SHA1,
            Algorithm::Sha256 => totp_rs::Algorithm::SHA256,
            Algorithm::Sha512 => totp_rs::Algorithm::SHA512,
        };
        // The types already hold every bound the checked constructor enforces, but for its refusal of the
        // 80-bit secrets that other programs' users bring along. No skew: the window is ours to walk.
        let engine = totp_rs::Builder::new()
            .with_secret(secret.as_bytes())
            .with_algorithm(algorithm)
            .with_digits(parameters.digits.0)
            .with_skew(0)
            .with_step_duration(u64::from(parameters.period.0))
            .build_noncompliant();
        Self { engine, parameters }
    }

    /// Whether this is the code of this very step. Constant-time in the code's digits.
    #[must_use]
    pub fn fits(&self, code: &Code, step: Step) -> bool {
        let time = step.0.saturating_mul(u64::from(self.parameters.period.0));
        self.engine.check(code.as_str(), time).is_some()
    }
}

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Totp").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for ParametersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of range")
    }
}
impl std::error::Error for ParametersError {}

macro_rules! deserialize_in_range {
    ($type:ident, $number:ty, $range:literal) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let number = <$number>::deserialize(deserializer)?;
                Self::new(number).map_err(|_| serde::de::Error::custom(concat!("must be ", $range)))
            }
        }
    };
}
deserialize_in_range!(Digits, u8, "6 to 8");
deserialize_in_range!(Period, u16, "10 to 300 (seconds)");

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn totp(seed: &[u8], algorithm: Algorithm, digits: u8) -> Totp {
        let secret = Secret::from_bytes(Zeroizing::new(seed.to_vec())).unwrap();
        let parameters = Parameters { algorithm, digits: Digits::new(digits).unwrap(), period: Period::THIRTY };
        Totp::new(&secret, parameters)
    }

    /// RFC 4226, appendix D: ten codes of the counter 0 to 9.
    #[test]
    fn the_vectors_of_rfc_4226_hold() {
        let codes =
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        let totp = totp(b"12345678901234567890", Algorithm::Sha1, 6);
        for (counter, text) in codes.iter().enumerate() {
            let code = Code::parse(text, &[Digits::SIX]).unwrap();
            for step in 0..12 {
                let fits = totp.fits(&code, Step::new(step).unwrap());
                assert_eq!(fits, step == u64::try_from(counter).unwrap(), "{text} at {step}");
            }
        }
    }

    /// RFC 6238, appendix B, with the longer seeds of its reference code (erratum 2866).
    #[test]
    fn the_vectors_of_rfc_6238_hold() {
        let seeds: [(Algorithm, &[u8]); 3] = [
            (Algorithm::Sha1, b"12345678901234567890"),
            (Algorithm::Sha256, b"12345678901234567890123456789012"),
            (Algorithm::Sha512, b"1234567890123456789012345678901234567890123456789012345678901234"),
        ];
        let vectors = [
            (59, ["94287082", "46119246", "90693936"]),
            (1_111_111_109, ["07081804", "68084774", "25091201"]),
            (1_111_111_111, ["14050471", "67062674", "99943326"]),
            (1_234_567_890, ["89005924", "91819424", "93441116"]),
            (2_000_000_000, ["69279037", "90698825", "38618901"]),
            (20_000_000_000, ["65353130", "77737706", "47863826"]),
        ];
        for (time, codes) in vectors {
            let step = Period::THIRTY.step_at(UnixTime::new(time).unwrap());
            for ((algorithm, seed), text) in seeds.iter().zip(codes) {
                let digits = [Digits::new(8).unwrap()];
                let code = Code::parse(text, &digits).unwrap();
                assert!(totp(seed, *algorithm, 8).fits(&code, step), "{algorithm} at {time}");
                assert!(!totp(seed, *algorithm, 8).fits(&code, step.offset_by(1)));
            }
        }
    }

    #[test]
    fn a_code_of_another_length_never_fits() {
        let totp = totp(b"12345678901234567890", Algorithm::Sha1, 8);
        // "755224" ends the eight-digit code of step 0, "84755224".
        let short = Code::parse("755224", &[Digits::SIX]).unwrap();
        assert!(!totp.fits(&short, Step::new(0).unwrap()));
        let whole = Code::parse("84755224", &[Digits::new(8).unwrap()]).unwrap();
        assert!(totp.fits(&whole, Step::new(0).unwrap()));
    }

    #[test]
    fn distances_between_steps_are_signed() {
        let (ten, twelve) = (Step::new(10).unwrap(), Step::new(12).unwrap());
        assert_eq!((twelve.minus(ten), ten.minus(twelve)), (2, -2));
        assert_eq!(Step::new(1).unwrap().offset_by(-5), Step::new(0).unwrap());
    }
}
