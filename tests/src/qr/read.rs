//! Two QR readers; neither reads an inverted code.
use super::{Picture, Theme, paint};
use std::io::Write;
use std::process::{Command, Stdio};

/// What the QR on a screen says, read by both readers, which must agree; `None` if neither reads one.
pub fn read(screen: &vt100::Screen, theme: Theme) -> Option<String> {
    let picture = paint(screen, theme);
    let (first, second) = (by_rqrr(&picture), by_zbarimg(&picture));
    assert_eq!(first, second, "rqrr and zbarimg disagree about:\n{}", screen.contents());
    first
}

/// What rqrr reads.
pub fn by_rqrr(picture: &Picture) -> Option<String> {
    let luminance = |x, y| picture.pixels[y * picture.width + x];
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(picture.width, picture.height, luminance);
    image.detect_grids().into_iter().find_map(|grid| Some(grid.decode().ok()?.1))
}

/// What zbarimg reads.
pub fn by_zbarimg(picture: &Picture) -> Option<String> {
    let mut reader = Command::new("zbarimg")
        .args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", "pgm:-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("run zbarimg (zbar-tools)");
    let mut stdin = reader.stdin.take().expect("a pipe to zbarimg");
    stdin.write_all(&picture.to_pgm()).expect("hand a picture to zbarimg");
    drop(stdin);
    let output = reader.wait_with_output().expect("wait for zbarimg");
    let text = String::from_utf8(output.stdout).expect("zbarimg prints UTF-8");
    text.lines().next().map(str::to_owned)
}
