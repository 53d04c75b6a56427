//! Which scans a file has, and what is known after them.

use super::Random;
use super::picture::Picture;

/// A scan: components by index, Ss, Se, Ah, Al. Ss 0 with Se 63 is a sequential one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) components: Vec<usize>,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) high: u8,
    pub(crate) low: u8,
}

impl Scan {
    pub(crate) fn sequential(components: &[usize]) -> Self {
        Self { components: components.to_vec(), start: 0, end: 63, high: 0, low: 0 }
    }

    pub(crate) fn dc(components: &[usize], high: u8, low: u8) -> Self {
        Self { components: components.to_vec(), start: 0, end: 0, high, low }
    }

    pub(crate) fn ac(component: usize, start: usize, end: usize, high: u8, low: u8) -> Self {
        Self { components: vec![component], start, end, high, low }
    }

    pub(crate) fn is_sequential(&self) -> bool {
        self.start == 0 && self.end == 63
    }
}

/// How components share scans.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sharing {
    /// As many in a scan as an MCU may hold, from the first on.
    Most,
    /// One in each.
    None,
    /// By chance.
    Some,
}

/// The components of a picture in groups that may interleave (T.81 B.2.3).
pub(crate) fn groups(picture: &Picture, sharing: Sharing, random: &mut Random) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for c in 0..picture.components.len() {
        let join = match sharing {
            Sharing::Most => true,
            Sharing::None => false,
            Sharing::Some => random.chance(128),
        };
        match groups.last_mut().filter(|g| join && picture.mcu_blocks(&[g, &[c][..]].concat()) <= 10) {
            Some(group) => group.push(c),
            None => groups.push(vec![c]),
        }
    }
    groups
}

pub(crate) fn sequential(picture: &Picture, sharing: Sharing, random: &mut Random) -> Vec<Scan> {
    groups(picture, sharing, random).iter().map(|g| Scan::sequential(g)).collect()
}

/// A legal progressive script that no encoder would choose: every component has bands and point transforms of its own,
/// up to `most_low`; refinements cut the bands anew, come in any order, and some, like some bands, never come unless
/// the script has to be `complete`.
pub(crate) fn odd(picture: &Picture, sharing: Sharing, most_low: u8, complete: bool, random: &mut Random) -> Vec<Scan> {
    let mut scans = Vec::new();
    let groups = groups(picture, sharing, random);
    let mut dc: Vec<Option<u8>> = vec![None; groups.len()];
    let mut ac = vec![[None::<u8>; 64]; picture.components.len()];
    for low in ac.iter_mut() {
        low[0] = Some(0);
    }
    loop {
        let open_dc: Vec<usize> = (0..groups.len()).filter(|&g| dc[g] != Some(0)).collect();
        let open_ac: Vec<usize> = (0..ac.len()).filter(|&c| ac[c].iter().any(|&l| l != Some(0))).collect();
        if open_dc.is_empty() && open_ac.is_empty() {
            break;
        }
        // A negative DC coefficient is rounded down: without its last 11 bits it would be more than baseline holds.
        if !complete && !scans.is_empty() && dc.iter().flatten().all(|&low| low <= 10) && random.chance(12) {
            break;
        }
        if open_ac.is_empty() || (!open_dc.is_empty() && (dc.contains(&None) || random.chance(80))) {
            let g = open_dc[random.below(open_dc.len())];
            let low = dc[g].map_or_else(|| random.below(usize::from(most_low) + 1) as u8, |l| l - 1);
            scans.push(Scan::dc(&groups[g], dc[g].map_or(0, |_| low + 1), low));
            dc[g] = Some(low);
            continue;
        }
        let c = open_ac[random.below(open_ac.len())];
        let open: Vec<usize> = (1..64).filter(|&k| ac[c][k] != Some(0)).collect();
        let within = open[random.below(open.len())];
        let state = ac[c][within];
        let first = (1..=within).rev().take_while(|&k| ac[c][k] == state).last().unwrap();
        let last = (within..64).take_while(|&k| ac[c][k] == state).last().unwrap();
        let (start, end) = if random.chance(200) {
            (first, last)
        } else {
            (first + random.below(within - first + 1), within + random.below(last - within + 1))
        };
        let low = state.map_or_else(|| random.below(usize::from(most_low) + 1) as u8, |l| l - 1);
        scans.push(Scan::ac(c, start, end, state.map_or(0, |_| low + 1), low));
        ac[c][start..=end].fill(Some(low));
    }
    scans
}

/// What is known of a picture after these scans: low bits that were not sent are zeros (T.81 G.1.2.1, G.1.2.2).
pub(crate) fn known(picture: &Picture, scans: &[Scan]) -> Picture {
    let mut known = picture.clone();
    for (i, component) in known.components.iter_mut().enumerate() {
        let mut low = [None; 64];
        for scan in scans.iter().filter(|s| s.components.contains(&i)) {
            low[scan.start..=scan.end].fill(Some(scan.low));
        }
        for block in &mut component.blocks {
            for (k, value) in block.iter_mut().enumerate() {
                *value = match low[k] {
                    None => 0,
                    Some(low) if k == 0 => *value >> low << low,
                    Some(low) => value.signum() * (value.abs() >> low << low),
                };
            }
        }
    }
    known
}

/// As a script of the caller's own is written.
pub(crate) fn text(scans: &[Scan]) -> String {
    let line = |scan: &Scan| {
        let components: Vec<String> = scan.components.iter().map(usize::to_string).collect();
        format!("{}: {}-{},{},{};\n", components.join(" "), scan.start, scan.end, scan.high, scan.low)
    };
    scans.iter().map(line).collect()
}
