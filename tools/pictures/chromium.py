"""Takes pictures of pages with Chromium, without a window, and makes them small with pngquant."""

import pathlib
import re
import shutil
import subprocess
import tempfile

# A page that is done sets this attribute to its height: Chromium's picture is as high as its window.
HEIGHT = "data-height"


def picture(html, png, width, scale):
    """Draws a page that is so wide, and as high as it says, into a file."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        raise SystemExit("Chromium is missing; on Debian: apt-get install chromium")
    pngquant = shutil.which("pngquant")
    if not pngquant:
        raise SystemExit("pngquant is missing; on Debian: apt-get install pngquant")
    with tempfile.TemporaryDirectory() as folder:
        page = pathlib.Path(folder, "page.html")
        listener = "<script>onerror = (text) => document.documentElement.setAttribute('data-error', text)</script>"
        page.write_text(html.replace("<head>", f"<head>{listener}", 1), encoding="utf-8")

        def run(height, *more):
            command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
            command += [f"--user-data-dir={folder}/profile", "--virtual-time-budget=5000"]
            command += [f"--force-device-scale-factor={scale}", f"--window-size={width},{height}"]
            ran = subprocess.run([*command, *more, page.as_uri()], capture_output=True, text=True, timeout=120)
            if ran.returncode:
                raise SystemExit(f"Chromium failed: {ran.stderr.strip()[-500:]}")
            return ran.stdout

        dom = run(100, "--dump-dom")
        height = re.search(f'{HEIGHT}="([0-9]+)"', dom)
        if not height:
            error = re.search('data-error="([^"]*)"', dom)
            raise SystemExit(f"the page was not drawn: {error[1] if error else 'it was not ready in time'}")
        taken = pathlib.Path(folder, "picture.png")
        run(int(height[1]), f"--screenshot={taken}")
        if not taken.is_file():
            raise SystemExit("Chromium took no picture")
        subprocess.run([pngquant, "--force", "--strip", "--output", png, taken], check=True)
