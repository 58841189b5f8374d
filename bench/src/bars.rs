//! The bars of the design, held against a run.
use crate::measures::{Counts, LISTED, Loaded, Measured};
use crate::module::{End, Module};
use crate::statistics::Times;

/// What a module may name besides the loader: what every host has loaded already, and the unwinder.
const ALLOWED: [&str; 4] = ["libc.so.6", "libgcc_s.so.1", "libpam.so.0", "ld-linux-x86-64.so.2"];

/// One bar.
#[derive(Debug)]
pub(crate) struct Bar {
    /// What is held to it.
    pub(crate) what: String,
    /// The most it may be, in words.
    pub(crate) wanted: String,
    /// What it is, in words.
    pub(crate) got: String,
    /// What it is, as a part of what it may be; met at 1 and below.
    pub(crate) part: f64,
}

impl Bar {
    fn number(what: impl Into<String>, got: f64, most: f64, unit: &str) -> Self {
        let (got_text, most_text) = (figure(got), figure(most));
        let what = what.into();
        Self { what, wanted: format!("≤ {most_text}{unit}"), got: format!("{got_text}{unit}"), part: got / most }
    }

    /// Whether it is met, and by how much.
    pub(crate) fn verdict(&self) -> String {
        if self.part <= 1.0 {
            format!("met ({:.0} % of it)", self.part * 100.0)
        } else {
            format!("**missed by {:.0} %**", (self.part - 1.0) * 100.0)
        }
    }
}

/// A number with three significant digits, as people write it.
pub(crate) fn figure(number: f64) -> String {
    match number.abs() {
        size if size >= 1_000.0 => grouped(number),
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        size if size >= 0.1 || size == 0.0 => format!("{number:.2}"),
        _ => format!("{number:.4}"),
    }
}

fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

impl Measured {
    /// What a login costs above `pam_permit`, in microseconds: median and 95th percentile.
    pub(crate) fn cost(&self, module: Module, size: u64, end: End) -> Option<(f64, f64)> {
        let times = self.logins.get(&(module, size, end))?;
        let permit = self.permit(end).p50();
        Some((times.p50() - permit, times.p95() - permit))
    }

    /// Microseconds a login is on a processor above `pam_permit`, the median.
    pub(crate) fn busy(&self, module: Module, size: u64, end: End) -> f64 {
        let permit = self.sizes.iter().filter_map(|size| self.busy.get(&(Module::Permit, *size, end)));
        self.busy[&(module, size, end)].p50() - Times::merged(permit).p50()
    }

    /// The logins with `pam_permit`, which know no sizes.
    fn permit(&self, end: End) -> Times {
        Times::merged(self.sizes.iter().filter_map(|size| self.logins.get(&(Module::Permit, *size, end))))
    }

    /// The median cost at all sizes at which this other module is measured too.
    pub(crate) fn pooled(&self, module: Module, other: Module, end: End) -> f64 {
        let sizes = self.sizes.iter().filter(|size| other.is_measured_at(**size));
        let all = Times::merged(sizes.filter_map(|size| self.logins.get(&(module, *size, end))));
        all.p50() - self.permit(end).p50()
    }

    fn ratio(&self, other: Module, end: End) -> f64 {
        self.pooled(Module::Countersign, other, end) / self.pooled(other, other, end)
    }

    fn ratio_at(&self, other: Module, size: u64) -> Option<f64> {
        let ours = self.cost(Module::Countersign, size, End::In)?.0;
        Some(ours / self.cost(other, size, End::In)?.0)
    }

    /// Every bar, in the order of the design.
    pub(crate) fn bars(&self) -> Vec<Bar> {
        let mut bars = Vec::new();
        for end in End::ALL {
            let what = format!("cost of a login ÷ pam_google_authenticator's, {}", end.name());
            bars.push(Bar::number(what, self.ratio(Module::Google, end), 0.7, " ×"));
        }
        for (size, most) in [(100, 0.5), (100_000, 0.01)] {
            if let Some(ratio) = self.ratio_at(Module::Oath, size) {
                let what = format!("cost ÷ pam_oath's at {} users", grouped_count(size));
                bars.push(Bar::number(what, ratio, most, " ×"));
            }
        }
        bars.push(self.sameness());
        for end in End::ALL {
            let what = format!("cost ÷ the floor's, {}", end.name());
            bars.push(Bar::number(what, self.ratio(Module::Floor, end), 2.0, " ×"));
        }
        let Loaded { bytes, resident, .. } = self.files[&Module::Countersign];
        bars.push(Bar::number("size of the module", as_float(bytes) / 1_000.0, 900.0, " KB"));
        bars.push(self.libraries());
        bars.push(Bar::number("memory it adds to a process", as_float(resident.unsigned_abs()), 1_024.0, " KiB"));
        bars.push(Bar::number("`countersign status USER`", self.status.p50() / 1_000.0, 5.0, " ms"));
        let what = format!("`countersign list --json` of {} users", grouped_count(LISTED));
        bars.push(Bar::number(what, self.list.p50() / 1e6, 2.0, " s"));
        bars
    }

    fn sameness(&self) -> Bar {
        let medians = self.sizes.iter().filter_map(|size| Some(self.cost(Module::Countersign, *size, End::In)?.0));
        let (low, high) = medians.fold((f64::MAX, f64::MIN), |(low, high), cost| (low.min(cost), high.max(cost)));
        let last = self.sizes.last().copied().unwrap_or_default();
        let what = format!("cost between 10 and {} users differs by", grouped_count(last));
        Bar::number(what, (high / low - 1.0) * 100.0, 10.0, " %")
    }

    fn libraries(&self) -> Bar {
        let others = self.needed.iter().filter(|name| !ALLOWED.contains(&name.as_str())).count();
        Bar {
            what: "libraries the module names".to_owned(),
            wanted: "libc, libgcc_s, libpam".to_owned(),
            got: self.needed.join(", "),
            part: if others == 0 { 1.0 } else { 2.0 },
        }
    }

    /// The counts of a module, if it was counted.
    pub(crate) fn counted(&self, module: Module, end: End) -> &Counts {
        &self.counts[&(module, end)]
    }
}

/// A count with thousands set apart.
pub(crate) fn grouped_count(count: u64) -> String {
    grouped(as_float(count))
}

#[allow(clippy::cast_precision_loss, reason = "counts here stay far below 2^53")]
fn as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_and_thousands_are_set_apart() {
        let written = [1_234_567.0, 999.4, 12.34, 1.234, 0.0123, 0.0].map(figure);
        assert_eq!(written, ["1,234,567", "999", "12.3", "1.23", "0.0123", "0.00"]);
    }

    #[test]
    fn a_bar_is_met_up_to_its_limit() {
        assert_eq!(Bar::number("", 0.7, 0.7, "").verdict(), "met (100 % of it)");
        assert_eq!(Bar::number("", 0.77, 0.7, "").verdict(), "**missed by 10 %**");
    }
}
