#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Ctrl-C ends a build at once and leaves no litter; kill -9 anywhere, then the same command,
# makes the archive that an undisturbed build makes; and two builds at once get along.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
need python3 gpg gpgv dpkg-deb pahole

# A pahole that takes its time, so that there are moments to hit.
mkdir "$work/slow"
cat >"$work/slow/pahole" <<SLOW
#!/bin/sh
case \$* in *--version*) ;; *) sleep \${SLOW:-0.1} ;; esac
exec $(command -v pahole) "\$@"
SLOW
chmod +x "$work/slow/pahole"
v='#1 SMP PREEMPT_DYNAMIC Debian 6.1.1-1 (2023-01-01)'
set --
for n in 1 2 3 4; do
	kernel "vmlinux-$n" "6.1.0-$n-amd64" "$v" --variant $((n % 3))
	set -- "$@" "dbg:6.1.0-$n-amd64:6.1.$n-1:$work/vmlinux-$n"
done
t "a repository of four kernels" "$lib/make-deb-repo" "$work/repo" --filler 300000 "$@"
for suite in bookworm-updates bookworm-security; do
	"$lib/make-deb-repo" "$work/repo" --codename $suite
done
sed -i 's/^Label: .*/Label: Debian-Security/' "$work/repo/debian/dists/bookworm-security/Release"
ln -s "$work/repo/gnupg" "$work/g"
GNUPGHOME=$work/g gpg --batch --yes --quiet --clearsign \
	--output "$work/repo/debian/dists/bookworm-security/InRelease" \
	"$work/repo/debian/dists/bookworm-security/Release"
GNUPGHOME=$work/g gpgconf --kill all
serve "$work/repo" --fault '/debian/pool/* rate=1500000'

# A driver in Python: sh would start background jobs with SIGINT ignored.
cat >"$work/driver.py" <<'PYTHON'
import os, random, shutil, signal, subprocess, sys, time
btfgen, url, work, task = sys.argv[1:5]
env = dict(os.environ, PATH=work + "/slow:" + os.environ["PATH"])
straight = work + "/straight.kbtf"

def command(archive, cache, *more):
    return [btfgen, "build", "--distro", "debian", "--release", "bookworm", "--arch", "x86_64",
            "--mirror", url + "/debian", "--keyring", work + "/repo/keyring.gpg", "-j", "2",
            "-a", archive, "--work", cache, *more]

def start(archive, cache, *more):
    return subprocess.Popen(command(archive, cache, *more), env=env, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            start_new_session=True)

def scratch(cache):
    found = []
    for folder, _, files in os.walk(cache + "/tmp"):
        found += [os.path.join(folder, file) for file in files if file != "lock"]
        if folder != cache + "/tmp":
            found.append(folder)
    return found

def beside(archive):
    name = os.path.basename(archive)
    return [f for f in os.listdir(os.path.dirname(archive))
            if f.startswith((name, "." + name)) and f not in (name, name + ".journal", name + ".lock")]

def children_of(session):
    """Processes of the session that are not dead yet."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(pid)
    return found

def compacted(archive):
    """Bytes that depend on nothing but the kernels."""
    shutil.copy(archive, archive + ".compact")
    subprocess.run([btfgen, "compact", "-q", "-a", archive + ".compact"], check=True,
                   stdout=subprocess.DEVNULL)
    data = open(archive + ".compact", "rb").read()
    os.unlink(archive + ".compact")
    return data

def same(archive):
    return compacted(archive) == compacted(straight)

def finish(archive, cache):
    again = start(archive, cache)
    out = again.communicate()[0]
    if again.returncode:
        sys.exit(f"the same command again: status {again.returncode}\n{out}")
    if not same(archive):
        sys.exit(f"another archive than an undisturbed build's\n{out}")
    if scratch(cache) or beside(archive):
        sys.exit(f"left behind: {scratch(cache)} {beside(archive)}")

def straight_build():
    seconds = []
    for name in ("straight", "warm"):
        archive, cache = fresh(name)
        began = time.monotonic()
        child = start(archive, cache)
        out = child.communicate()[0]
        seconds.append(time.monotonic() - began)
        if child.returncode:
            sys.exit(f"status {child.returncode}\n{out}")
    if not same(archive):
        sys.exit("two builds make two archives")
    open(work + "/seconds", "w").write(str(min(seconds)))
    print(f"{min(seconds):.2f} s")

def fresh(name):
    archive, cache = f"{work}/{name}.kbtf", f"{work}/{name}.cache"
    shutil.rmtree(cache, ignore_errors=True)
    for file in (archive, archive + ".journal"):
        if os.path.exists(file):
            os.unlink(file)
    return archive, cache

def interrupt(number, part):
    whole = float(open(work + "/seconds").read())
    # builds take their time differently: earlier, where one was done already
    for _ in range(4):
        archive, cache = fresh("interrupted")
        child = start(archive, cache)
        time.sleep(whole * part)
        if child.poll() is None:
            break
        child.communicate()
        part *= 0.8
    else:
        sys.exit(f"ended before the signal, with status {child.returncode}: make it slower")
    began = time.monotonic()
    child.send_signal(number)
    try:
        out = child.communicate(timeout=10)[0]
    except subprocess.TimeoutExpired:
        child.kill()
        sys.exit("did not end within 10 s")
    took = time.monotonic() - began
    if child.returncode != -number:
        sys.exit(f"status {child.returncode}, not that of signal {number}\n{out}")
    if took > 2:
        sys.exit(f"took {took:.1f} s to end")
    if scratch(cache) or beside(archive):
        sys.exit(f"left behind: {scratch(cache)} {beside(archive)}")
    if children_of(child.pid):
        sys.exit(f"processes left behind: {children_of(child.pid)}")
    if os.path.exists(archive) and subprocess.run([btfgen, "verify", "-q", "-a", archive],
                                                  capture_output=True).returncode:
        sys.exit("the archive is damaged")
    finish(archive, cache)

def kill(count):
    whole = float(open(work + "/seconds").read())
    random.seed(7)
    hits = 0
    archive, cache = fresh("killed")
    for i in range(count):
        # each moment of an undisturbed build, and on top of what the last ones left
        if i % 3 == 0:
            archive, cache = fresh("killed")
        child = start(archive, cache)
        # what the last ones have fetched shortens the rest
        time.sleep(whole * (0.9, 0.6, 0.4)[i % 3] * (i + random.random()) / count)
        alive = child.poll() is None
        hits += alive
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.communicate()
        if os.path.exists(archive) and subprocess.run([btfgen, "verify", "-q", "-a", archive],
                                                      capture_output=True).returncode:
            sys.exit(f"kill {i}: the archive is damaged")
        if i % 3 == 2:
            finish(archive, cache)
    print(f"{hits} of {count} kills hit")
    if hits < count * 2 // 3:
        sys.exit("too few")

def two(shared_cache):
    archive, cache = fresh("two")
    caches = [cache, cache if shared_cache else cache + "2"]
    shutil.rmtree(caches[1], ignore_errors=True)
    both = [start(archive, caches[i], "--kernel", pattern)
            for i, pattern in enumerate(("6.1.0-[12]-*", "6.1.0-[34]-*"))]
    for child in both:
        out = child.communicate()[0]
        if child.returncode:
            sys.exit(f"status {child.returncode}\n{out}")
    if not same(archive):
        sys.exit("not the archive of one build of all")
    if any(scratch(c) for c in caches) or beside(archive):
        sys.exit(f"left behind: {[scratch(c) for c in caches]} {beside(archive)}")

def same_two():
    archive, cache = fresh("same")
    both = [start(archive, cache) for _ in range(2)]
    for child in both:
        out = child.communicate()[0]
        if child.returncode:
            sys.exit(f"status {child.returncode}\n{out}")
    if not same(archive):
        sys.exit("not the archive of one build")

if task == "straight":
    straight_build()
elif task == "interrupt":
    interrupt(getattr(signal, sys.argv[5]), float(sys.argv[6]))
elif task == "kill":
    kill(int(sys.argv[5]))
elif task == "two":
    two(sys.argv[5] == "one-cache")
else:
    same_two()
PYTHON
driver()
{
	python3 "$work/driver.py" "$btfgen" "$url" "$work" "$@"
}
t "an undisturbed build, twice the same" driver straight
t "that lasts long enough to be hit" sh -c 'awk "{ exit !(\$1 > 0.5) }" "$1"' sh "$work/seconds"
t_says 0 "4 entries" "of four kernels" "$btfgen" verify -a "$work/straight.kbtf"
for part in 0.03 0.25 0.5 0.75; do
	t "SIGINT after $part of it" driver interrupt SIGINT $part
done
for part in 0.1 0.6; do
	t "SIGTERM after $part of it" driver interrupt SIGTERM $part
done
t "kill -9 at fifteen moments" driver kill 15
t "two at once, each with half of the kernels" driver two two-caches
t "two at once, with one work directory" driver two one-cache
t "two at once, with the same kernels" driver same

finish
