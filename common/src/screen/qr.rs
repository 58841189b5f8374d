//! The QR code drawn with characters: half blocks or `##`, for dark or for light terminals.
//!
//! Invariant: a quiet zone of two modules on each side, light like the paper.

use qrcode::bits::Bits;
use qrcode::types::QrResult;
use qrcode::{Color, EcLevel, QrCode, Version};
use zeroize::Zeroizing;

use crate::token::OtpauthUri;

/// Modules of quiet zone on each side.
const QUIET: usize = 2;

/// With which characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Half blocks: a character holds two modules, one above the other.
    Utf8,
    /// `##` and two blanks: two characters for one module.
    Ascii,
}

/// Which modules are inked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polarity {
    /// The light ones: right where ink is light, on a dark terminal.
    DarkTerminal,
    /// The dark ones: right where ink is dark, on a light terminal.
    LightTerminal,
}

impl Polarity {
    /// The other one.
    #[must_use]
    pub const fn inverted(self) -> Self {
        match self {
            Self::DarkTerminal => Self::LightTerminal,
            Self::LightTerminal => Self::DarkTerminal,
        }
    }
}

/// A drawn QR code.
pub(super) struct Drawing {
    /// The rows, all of the same width.
    pub(super) rows: Vec<Zeroizing<String>>,
    /// Columns of each row.
    pub(super) width: usize,
}

/// Dark and light modules with their quiet zone; wiped when dropped, for whoever sees them has the secret.
struct Modules {
    side: usize,
    dark: Zeroizing<Vec<u8>>,
}

impl Modules {
    fn of(uri: &OtpauthUri) -> Option<Self> {
        let code = encode(uri, EcLevel::L)?;
        let inner = code.width();
        let mut colors = code.into_colors();
        let dark = Zeroizing::new(colors.iter().map(|color| u8::from(*color == Color::Dark)).collect());
        colors.fill(Color::Light);
        std::hint::black_box(&colors);
        Some(Self { side: inner, dark })
    }

    /// Whether the module at a place, counted from the corner of the quiet zone, is dark.
    fn is_dark(&self, column: usize, row: usize) -> bool {
        let inside = |place: usize| place.checked_sub(QUIET).filter(|place| *place < self.side);
        let (Some(column), Some(row)) = (inside(column), inside(row)) else { return false };
        self.dark.get(row.saturating_mul(self.side).saturating_add(column)) == Some(&1)
    }

    fn side_with_quiet_zone(&self) -> usize {
        self.side.saturating_add(QUIET.saturating_mul(2))
    }
}

/// Encodes the key as alphanumeric data and the rest as bytes, in the smallest version that holds them. Left to
/// itself the library decides by where digits stand in the key, and takes a larger version for some keys.
fn encode(uri: &OtpauthUri, level: EcLevel) -> Option<QrCode> {
    const BEFORE_KEY: &str = "?secret=";
    let start = uri.as_str().find(BEFORE_KEY)?.checked_add(BEFORE_KEY.len())?;
    let (before, rest) = uri.as_str().split_at_checked(start)?;
    let (key, after) = rest.split_at_checked(rest.find('&')?)?;
    let bits = |version, key: &str| -> QrResult<Bits> {
        let mut bits = Bits::new(version);
        bits.push_byte_data(before.as_bytes())?;
        bits.push_alphanumeric_data(key.as_bytes())?;
        bits.push_byte_data(after.as_bytes())?;
        bits.push_terminator(level)?;
        Ok(bits)
    };
    // Tried with as long a key that is no secret: what the library allocates is not wiped.
    let filler = "A".repeat(key.len());
    let version = (1..=40).map(Version::Normal).find(|version| bits(*version, &filler).is_ok())?;
    QrCode::with_bits(bits(version, key).ok()?, level).ok()
}

/// Draws the QR code of a URI; `None` if it is too long for any.
#[must_use]
pub(super) fn draw(uri: &OtpauthUri, form: Form, polarity: Polarity) -> Option<Drawing> {
    let modules = Modules::of(uri)?;
    let side = modules.side_with_quiet_zone();
    let is_ink = |column, row| match polarity {
        Polarity::DarkTerminal => !modules.is_dark(column, row),
        Polarity::LightTerminal => modules.is_dark(column, row),
    };
    let rows = match form {
        Form::Utf8 => (0..side).step_by(2).map(|row| half_block_row(side, row, is_ink)).collect(),
        Form::Ascii => (0..side).map(|row| ascii_row(side, row, is_ink)).collect(),
    };
    let width = match form {
        Form::Utf8 => side,
        Form::Ascii => side.saturating_mul(2),
    };
    Some(Drawing { rows, width })
}

fn half_block_row(side: usize, row: usize, is_ink: impl Fn(usize, usize) -> bool) -> Zeroizing<String> {
    // A half block takes three bytes; growing would leave a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(side.saturating_mul(3)));
    for column in 0..side {
        text.push(match (is_ink(column, row), is_ink(column, row.saturating_add(1))) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        });
    }
    text
}

fn ascii_row(side: usize, row: usize, is_ink: impl Fn(usize, usize) -> bool) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(side.saturating_mul(2)));
    for column in 0..side {
        text.push_str(if is_ink(column, row) { "##" } else { "  " });
    }
    text
}

/// The QR code of a URI as an SVG picture; `None` if it is too long for any.
#[must_use]
pub fn svg(uri: &OtpauthUri) -> Option<Zeroizing<String>> {
    let code = encode(uri, EcLevel::M)?;
    Some(Zeroizing::new(code.render::<qrcode::render::svg::Color>().min_dimensions(320, 320).build()))
}
