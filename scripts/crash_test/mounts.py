"""Full and read-only disks: small tmpfs mounts (which only root can make), the program as an unprivileged user."""

import contextlib
import os
import shutil
import subprocess
import time

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@contextlib.contextmanager
def small_disk(folder, mebibytes):
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=777", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(disk):
    """Leaves no room on the disk."""
    with open(disk / "filler", "wb") as file, contextlib.suppress(OSError):
        while True:
            os.write(file.fileno(), bytes(4096))


def wait_for(path, process):
    while not path.exists() and process.poll() is None:
        time.sleep(0.01)


def test_full_for_a_while(bench, check, disk):
    run = disk / "run"
    process = bench.start([word for word in bench.begin_words(run) if word != "--quiet"], NOBODY)
    wait_for(run / "checkpoints" / "best.pt", process)
    fill(disk)
    time.sleep(1.0)
    check(process.poll() is None, "the training did not survive a full disk")
    (disk / "filler").unlink()
    _, err = process.communicate(timeout=300)
    check(process.returncode == 0, f"ended with {process.returncode}: {err}")
    check("No space left on device" in err and "Training goes on" in err, f"nothing was said of the full disk: {err}")
    bench.expect_same_end(run, "with a full disk for a while")
    shutil.rmtree(run)
    print("ok: a disk that is full for a while: the training goes on, says so, saves again, and ends the same")


def test_full_for_good(bench, check, disk):
    run = disk / "run"
    words = bench.begin_words(run, "--set", "training.checkpoints.give_up_minutes=0.02", "--set",
                              "training.epochs=1000000", "--set", "training.patience=1000000")
    process = bench.start(words, NOBODY)
    wait_for(run / "checkpoints" / "latest.pt", process)
    fill(disk)
    started = time.monotonic()
    _, err = process.communicate(timeout=120)
    seconds = time.monotonic() - started
    check(process.returncode == 3, f"ended with {process.returncode}: {err}")
    check("so the training stops" in err, f"the reason is missing: {err}")
    (disk / "filler").unlink()
    # Longer than the run that it is compared with: stopped again where that one ends.
    said = bench.run(bench.resume_words(run, "--set", "training.epochs=8"), prefix=NOBODY)
    check("damaged" not in said, f"a full disk damaged a state: {said}")
    check((run / "checkpoints" / "best.pt").exists(), "best.pt is missing")
    shutil.rmtree(run)
    print(f"ok: a disk that stays full: stopped after {seconds:.1f} s (1.2 s asked for), exit code 3, and resumed with room")


def test_full_from_the_start(bench, check, disk):
    fill(disk)
    said = bench.run(bench.begin_words(disk / "run"), expected=3, prefix=NOBODY)
    check("No space left on device" in said, f"the reason is missing: {said}")
    (disk / "filler").unlink()
    shutil.rmtree(disk / "run", ignore_errors=True)
    print("ok: a disk that is full from the start: exit code 3 with the reason")


def test_read_only(bench, check, disk):
    run = disk / "run"
    bench.run(bench.begin_words(run), prefix=NOBODY)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    for words in (bench.begin_words(run), bench.begin_words(disk / "other"), bench.resume_words(run)):
        said = bench.run(words, expected=3, prefix=NOBODY)
        check("Read-only file system" in said, f"the reason is missing: {said}")
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    os.chmod(run, 0o555)
    said = bench.run(bench.begin_words(run), expected=3, prefix=NOBODY)
    check("Permission denied" in said, f"the reason is missing: {said}")
    print("ok: a read-only disk and a folder without permission: exit code 3 with the reason, before anything is trained")


def test_mounts(bench, check):
    if os.geteuid() != 0:
        print("SKIPPED: full and read-only disks need root, to mount a tmpfs")
        return
    os.chmod(bench.folder, 0o755)
    with small_disk(bench.folder / "disk", 8) as disk:
        test_full_for_a_while(bench, check, disk)
        test_full_for_good(bench, check, disk)
        test_full_from_the_start(bench, check, disk)
        test_read_only(bench, check, disk)
