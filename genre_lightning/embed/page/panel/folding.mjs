// Names as search compares them, without accents and case: as `fold` in genre_lightning/embed/search.py, and
// tests/embed/folding.json holds both to it.

// Of Latin, Greek and Cyrillic letters, and what Arabic and Hebrew write or leave out; not the vowels of Indic scripts
const ACCENTS = /[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670]/g;
// What no decomposition makes of letters and signs that people type otherwise
const TYPED = {
  ...{ ø: "o", ł: "l", đ: "d", æ: "ae", œ: "oe", ı: "i", þ: "th", ð: "d", ħ: "h", ŧ: "t", ß: "ss", ς: "σ" },
  ...{ "‘": "'", "’": "'", ʼ: "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-" },
};
const IS_TYPED = new RegExp(`[${Object.keys(TYPED).join("")}]`, "g");

export function fold(name) {
  const plain = name.normalize("NFKD").replace(ACCENTS, "").toLowerCase();
  const typed = plain.replace(IS_TYPED, (letter) => TYPED[letter]);
  return typed.replace(/\s+/g, " ").trim();
}
