"""Puts the native library into the wheel, and its sources into the source distribution.

The crate lies two folders up in the repository, and in `rust/` in a source distribution. `COSIMG_LIBRARY=/path` takes a
library that is there already; `CARGO` and `CARGO_TARGET_DIR` mean what they mean to cargo.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LIBRARY = {"win32": "cosimg.dll", "darwin": "libcosimg.dylib"}.get(sys.platform, "libcosimg.so")
# What cargo needs to build the library: the crate, and whatever its manifest names.
SOURCES = ["Cargo.toml", "Cargo.lock", "LICENSE-APACHE", "LICENSE-MIT", "src", "cli", "benches", "examples", "include"]


class NativeLibrary(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        here = Path(self.root)
        bundled = here / "rust"
        crate = bundled if bundled.is_dir() else here.parent.parent
        if self.target_name == "sdist":
            for name in SOURCES:
                if (crate / name).exists():
                    build_data["force_include"][str(crate / name)] = f"rust/{name}"
            return

        given = os.environ.get("COSIMG_LIBRARY")
        library = Path(given).resolve() if given else self.build(crate)
        if not library.is_file():
            raise FileNotFoundError(f"{library} is not there")
        build_data["pure_python"] = False
        # The library is loaded with ctypes and uses nothing of CPython's ABI: any Python 3, this platform.
        build_data["tag"] = "py3-none-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")
        # An editable install imports from `src`, where a wheel has the package itself.
        place = here / "src" / "cosimg" / LIBRARY if version == "editable" else None
        if place:
            place.write_bytes(library.read_bytes())
        else:
            build_data["force_include"][str(library)] = f"cosimg/{LIBRARY}"

    def build(self, crate: Path) -> Path:
        target = Path(os.environ.get("CARGO_TARGET_DIR") or crate / "target").resolve()
        # One crate type: beside an rlib cargo ignores the profile's lto.
        command = [os.environ.get("CARGO", "cargo"), "rustc", "--release", "--lib", "--crate-type", "cdylib"]
        command += ["--package", "cosimg", "--features", "ssimulacra2", "--locked", "--target-dir", str(target)]
        subprocess.run(command, cwd=crate, check=True)
        return target / "release" / LIBRARY
