//! The device's programs, built.

use std::path::{Path, PathBuf};

use crate::target::Target;
use crate::toolchain::Toolchain;

/// The folder benches/firmware.
pub(crate) fn home() -> PathBuf {
    let host = Path::new(env!("CARGO_MANIFEST_DIR"));
    host.parent().unwrap_or(host).to_owned()
}

/// Where they are built, for what, and by whom.
pub(crate) struct Workshop<'a> {
    pub(crate) home: PathBuf,
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) target: Target,
}

/// What the panic handler calls in a program that must not have one.
const PROOF_SYMBOL: &str = "a_panic_is_linked";

impl Workshop<'_> {
    fn cargo(&self, program: &str, features: &str) -> Result<(bool, String), String> {
        let mut cargo = self.toolchain.cargo(self.target);
        cargo.current_dir(&self.home).arg("--target-dir").arg(self.home.join("target"));
        cargo.args(["--locked", "--package", "firmware-device", "--bin", program, "--features", features]);
        let output = cargo.output().map_err(|error| format!("cargo does not run: {error}"))?;
        Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
    }

    fn built(&self, program: &str) -> PathBuf {
        self.home.join("target").join(self.target.triple).join("release").join(program)
    }

    /// Path of the program: the next build of one with its name replaces it.
    pub(crate) fn build(&self, program: &str, features: &str) -> Result<PathBuf, String> {
        match self.cargo(program, features)? {
            (true, _) => Ok(self.built(program)),
            (false, errors) => {
                Err(format!("{program} with {features} does not build for {}:\n{errors}", self.target.name))
            }
        }
    }

    /// Whether the program links without a panic handler.
    pub(crate) fn is_free_of_panics(&self, program: &str, features: &str) -> Result<bool, String> {
        match self.cargo(program, &format!("{features},proof"))? {
            (true, _) => Ok(true),
            (false, errors) if errors.contains(PROOF_SYMBOL) => Ok(false),
            (false, errors) => Err(format!("{program} with {features},proof fails otherwise:\n{errors}")),
        }
    }
}

/// The packages that were built.
pub(crate) fn lock_file(home: &Path) -> PathBuf {
    home.join("Cargo.lock")
}
