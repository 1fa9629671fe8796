// Vendors style, fonts and icons of Bootstrap Italia into the portal.
//   npm ci --ignore-scripts && npm run build    writes the files and the list of their SHA-256
//   npm run check                               fails if the files are not what a build would write
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "node_modules/bootstrap-italia");
const target = join(here, "../../internal/portal/static/files");

// Only the icons that templates use; the whole sheet is 94 KB.
const icons = [
  "it-arrow-right", "it-calendar", "it-check-circle", "it-chevron-left", "it-chevron-right", "it-clock",
  "it-download", "it-error", "it-file-pdf-ext", "it-files", "it-info-circle", "it-lock", "it-locked", "it-logout",
  "it-pa", "it-pencil", "it-plus-circle", "it-unlocked", "it-user", "it-warning-circle",
];
const weights = { 300: "300", 400: "regular", 600: "600", 700: "700" };

const files = new Map();

const css = readFileSync(join(source, "dist/css/bootstrap-italia.min.css"), "utf8");
// The font of its video player stands in the style sheet as a data: address, which
// our content policy refuses; there are no videos here.
const withoutVideo = css.replace(/@font-face\{font-family:VideoJS;[^}]*\}/g, "");
if (withoutVideo === css) throw new Error("the font of the video player is not where it was");
files.set("bootstrap-italia.min.css", Buffer.from(withoutVideo.replace(/\/\*# sourceMappingURL=.*?\*\/\s*$/, "")));

const sheet = readFileSync(join(source, "dist/svg/sprites.svg"), "utf8");
const symbols = icons.map((id) => {
  const found = sheet.match(new RegExp(`<symbol id="${id}"[^>]*>.*?</symbol>`, "s"));
  if (!found) throw new Error(`icon ${id} is not in the sheet`);
  return found[0];
});
files.set("icons.svg", Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("\n")}</svg>\n`));

for (const [weight, name] of Object.entries(weights)) {
  const from = join(source, `dist/fonts/Titillium_Web/titillium-web-v10-latin-ext_latin-${name}.woff2`);
  files.set(`titillium-web-${weight}.woff2`, readFileSync(from));
}
files.set("LICENCE-bootstrap-italia.txt", readFileSync(join(source, "LICENSE")));
files.set("LICENCE-titillium-web.txt", readFileSync(join(source, "dist/fonts/Titillium_Web/OFL.txt")));

const sums = [...files].map(([name, bytes]) => `${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`).sort();
files.set("SHA256SUMS", Buffer.from(sums.join("")));

// Not served: the tests look at every page with it.
const axe = join(here, "node_modules/axe-core");
const forTests = new Map([
  ["axe.min.js", readFileSync(join(axe, "axe.min.js"))],
  ["LICENCE-axe-core.txt", readFileSync(join(axe, "LICENSE"))],
]);

const check = process.argv.includes("--check");
function put(dir, contents) {
  mkdirSync(dir, { recursive: true });
  for (const [name, bytes] of contents) {
    if (!check) {
      writeFileSync(join(dir, name), bytes);
    } else if (!readFileSync(join(dir, name)).equals(bytes)) {
      throw new Error(`${name} differs from a fresh build`);
    }
  }
}
put(target, files);
put(join(here, "../../internal/portal/pagetest"), forTests);
console.log(`${check ? "checked" : "wrote"} ${files.size + forTests.size} files`);
