"""Rules that the source keeps: include direction, silence of libraries, configs that load, README commands that run.

Run by ctest (label "rules") with RA_BINARY set; python3 -m unittest works too.
"""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "ra"
BINARY = os.environ.get("RA_BINARY", str(ROOT / "build" / "release" / "ra"))


def folders_of_the_map():
    """Folder names of src/README.md's table, lowest first."""
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "src" / "README.md").read_text(), re.M)
    assert len(rows) > 5, "the map has no table"
    return rows


def source_files():
    return sorted(p for p in SOURCE.rglob("*") if p.suffix in (".h", ".cc"))


class Map(unittest.TestCase):
    def test_names_every_folder(self):
        present = {p.name for p in SOURCE.iterdir() if p.is_dir()}
        self.assertEqual(present, set(folders_of_the_map()))

    def test_includes_point_up_the_list(self):
        order = {name: rank for rank, name in enumerate(folders_of_the_map())}
        wrong = []
        for path in source_files():
            own = path.relative_to(SOURCE).parts[0]
            is_test = path.stem.endswith("_test") or own == "testing"
            for folder in re.findall(r'#include "ra/(\w+)/', path.read_text()):
                allowed = is_test and folder == "testing" or own in order and order[folder] <= order[own]
                if own == "testing" or allowed:
                    continue
                wrong.append(f"{path.relative_to(ROOT)} includes {folder}")
        self.assertEqual(wrong, [])

    def test_every_file_it_names_exists(self):
        table = (ROOT / "src" / "README.md").read_text()
        for row in re.findall(r"^\| `(\w+)` \|.*$", table, re.M):
            line = next(text for text in table.splitlines() if text.startswith(f"| `{row}` |"))
            for name in re.findall(r"`(\w+\.cc)`", line):
                self.assertTrue((SOURCE / row / name).exists(), f"{row}/{name}")


class Layout(unittest.TestCase):
    """What of it can be seen without clang-format; scripts/lint sees all."""

    def test_no_line_is_longer_than_120(self):
        data = re.compile(r'\{".*":')  # JSON inside a test
        files = [p for folder in ("src", "tests", "benchmarks") for p in sorted((ROOT / folder).rglob("*"))]
        self.assertEqual([f"{path.relative_to(ROOT)}:{number}" for path in files if path.suffix in (".h", ".cc")
                          for number, line in enumerate(path.read_text().splitlines(), 1)
                          if len(line) > 120 and not data.search(line)], [])


class Libraries(unittest.TestCase):
    def test_never_print(self):
        printing = re.compile(r"std::(cout|cerr|clog)|\b(std::)?f?printf\(|\bputs\(|fmt::print\(|\bfputs\(")
        wrong = []
        for path in source_files():
            folder = path.relative_to(SOURCE).parts[0]
            # The progress line is the command line's own printer.
            if folder in ("cli", "testing") or path.stem in ("progress",) or path.stem.endswith("_test"):
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if printing.search(line):
                    wrong.append(f"{path.relative_to(ROOT)}:{number}")
        self.assertEqual(wrong, [])

    def test_do_not_glob_their_sources(self):
        lists = [p for p in ROOT.rglob("CMakeLists.txt") if not {"build", ".deps"} & set(p.relative_to(ROOT).parts)]
        self.assertGreater(len(lists), 10)
        for path in lists:
            self.assertNotIn("file(GLOB", path.read_text(), path)


class LibTorchModule(unittest.TestCase):
    """cmake/FindLibTorch.cmake on folders that look like a LibTorch."""

    def configure(self, version_header):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "torch"
            for name in ("include/ATen/ATen.h", "lib/libtorch_cpu.so", "lib/libc10.so"):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).touch()
            if version_header:
                (root / "include/torch/headeronly").mkdir(parents=True)
                (root / "include/torch/headeronly/version.h").write_text(version_header)
            (Path(folder) / "CMakeLists.txt").write_text(
                "cmake_minimum_required(VERSION 3.25)\nproject(probe NONE)\n"
                f'list(APPEND CMAKE_MODULE_PATH "{ROOT}/cmake")\nfind_package(LibTorch 2.11 REQUIRED)\n')
            return subprocess.run(["cmake", "-S", folder, "-B", Path(folder) / "build", f"-DRA_TORCH_ROOT={root}"],
                                  capture_output=True, text=True)

    def test_takes_the_least_version_and_refuses_others(self):
        version = "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR {}\n#define TORCH_VERSION_PATCH 0\n"
        done = self.configure(version.format(11))
        self.assertEqual(done.returncode, 0, done.stderr)
        for header in (version.format(9), None):
            refused = self.configure(header)
            self.assertNotEqual(refused.returncode, 0, header)
            self.assertIn("unsuitable version", refused.stderr)


class SourceCommit(unittest.TestCase):
    """cmake/WriteSourceCommit.cmake, which runs at every build."""

    def write(self, source, output):
        subprocess.run(["cmake", f"-DSOURCE={source}", f"-DOUTPUT={output}", "-P",
                        ROOT / "cmake/WriteSourceCommit.cmake"], check=True)
        return output.read_text()

    def test_follows_the_commit_and_touches_nothing_without_one(self):
        with tempfile.TemporaryDirectory() as folder:
            source, output = Path(folder) / "source", Path(folder) / "out.cc"
            source.mkdir()
            self.assertIn('"unknown"', self.write(source, output))
            git = ["git", "-C", source, "-c", "user.name=a", "-c", "user.email=a@b"]
            subprocess.run([*git, "init", "-q"], check=True)
            subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "one"], check=True)
            first = self.write(source, output)
            self.assertRegex(first, r'"[0-9a-f]{12}"')
            time = output.stat().st_mtime_ns
            self.assertEqual(self.write(source, output), first)
            self.assertEqual(output.stat().st_mtime_ns, time)
            subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "two"], check=True)
            self.assertNotEqual(self.write(source, output), first)
            (source / "inside").mkdir()
            self.assertIn('"unknown"', self.write(source / "inside", output))


class Texts(unittest.TestCase):
    def test_name_no_place_of_this_machine(self):
        tracked = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True).stdout.split()
        place = re.compile(r"/work/(main|shared)|/root/\.pyenv")
        wrong = []
        for name in tracked:
            path = ROOT / name
            if path.suffix in (".png",) or not path.is_file() or path == Path(__file__):
                continue
            if place.search(path.read_text(errors="ignore")):
                wrong.append(name)
        self.assertEqual(wrong, [])


class Configs(unittest.TestCase):
    def test_every_file_loads(self):
        files = sorted((ROOT / "configs").glob("*.yaml"))
        self.assertGreater(len(files), 0)
        for path in files:
            done = subprocess.run([BINARY, "config", "show", path], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, f"{path.name}: {done.stderr}")


class ReadmeCommands(unittest.TestCase):
    """Blocks of README.md and docs/*.md that follow the line <!-- tested --> run, in order, in one folder a file."""

    def test_run(self):
        documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
        ran = 0
        for document in documents:
            blocks = re.findall(r"<!-- tested -->\n```(?:bash|sh)\n(.*?)```", document.read_text(), re.S)
            with tempfile.TemporaryDirectory() as folder:
                os.symlink(ROOT / "configs", Path(folder) / "configs")
                for block in blocks:
                    environment = dict(os.environ, PATH=f"{Path(BINARY).parent}:{os.environ['PATH']}")
                    done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=folder, text=True,
                                          capture_output=True, env=environment, timeout=280)
                    self.assertEqual(done.returncode, 0, f"{document.name}:\n{block}\n{done.stderr[-2000:]}")
                    ran += 1
        self.assertGreater(ran, 0, "README.md has no tested block")


if __name__ == "__main__":
    unittest.main()
