//! The cells of a screen as pixels, the way a terminal window draws them.
use vt100::{Cell, Color, Screen};

/// The default colours of a terminal window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Light text on black.
    Dark,
    /// Dark text on white.
    Light,
}

/// Pixels of a cell: twice as high as wide.
const CELL_WIDTH: usize = 8;
const CELL_HEIGHT: usize = 16;
const BLACK: u8 = 0;
const WHITE: u8 = 255;

/// A grey picture.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Luminance, row by row.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// The picture as a PGM file.
    pub fn to_pgm(&self) -> Vec<u8> {
        let mut file = format!("P5\n{} {}\n255\n", self.width, self.height).into_bytes();
        file.extend_from_slice(&self.pixels);
        file
    }

    /// Light and dark exchanged.
    #[must_use]
    pub fn inverted(&self) -> Self {
        let pixels = self.pixels.iter().map(|pixel| WHITE - pixel).collect();
        Self { pixels, ..*self }
    }
}

/// Which halves of a cell are ink. Any glyph that is not a half block fills its cell.
fn ink(cell: &Cell) -> (bool, bool) {
    match cell.contents() {
        "" | " " | "\u{a0}" => (false, false),
        "▀" => (true, false),
        "▄" => (false, true),
        _ => (true, true),
    }
}

fn luminance(color: Color, default: u8) -> u8 {
    match color {
        Color::Default => default,
        Color::Idx(0 | 16) => BLACK,
        Color::Idx(7 | 15 | 231) => WHITE,
        Color::Idx(_) => u8::MAX / 2,
        Color::Rgb(red, green, blue) => {
            let sum = u16::from(red) + u16::from(green) + u16::from(blue);
            u8::try_from(sum / 3).expect("a mean of bytes is a byte")
        }
    }
}

fn colours(cell: &Cell, theme: Theme) -> (u8, u8) {
    let (text, ground) = match theme {
        Theme::Dark => (WHITE, BLACK),
        Theme::Light => (BLACK, WHITE),
    };
    let text = luminance(cell.fgcolor(), text);
    let ground = luminance(cell.bgcolor(), ground);
    if cell.inverse() { (ground, text) } else { (text, ground) }
}

/// Paints a whole screen.
pub fn paint(screen: &Screen, theme: Theme) -> Picture {
    let (rows, columns) = screen.size();
    let (width, height) = (usize::from(columns.get()) * CELL_WIDTH, usize::from(rows.get()) * CELL_HEIGHT);
    let mut pixels = vec![0; width * height];
    for row in 0..rows.get() {
        for column in 0..columns.get() {
            let cell = screen.cell(row, column).expect("a cell of the screen");
            let (text, ground) = colours(cell, theme);
            let (upper, lower) = ink(cell);
            for line in 0..CELL_HEIGHT {
                let inked = if line < CELL_HEIGHT / 2 { upper } else { lower };
                let start = (usize::from(row) * CELL_HEIGHT + line) * width + usize::from(column) * CELL_WIDTH;
                pixels[start..start + CELL_WIDTH].fill(if inked { text } else { ground });
            }
        }
    }
    Picture { width, height, pixels }
}
