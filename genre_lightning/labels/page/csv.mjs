// CSV as Python and spreadsheets write it: commas, and quotes around fields that hold commas, quotes or ends of lines.

const FIELD = /(?:"([^"]*(?:""[^"]*)*)"|([^,\r\n]*))(,|\r?\n|$)/g;

// The names of the columns, and an object for each line below them. Throws an Error that says what is wrong.
export function readTable(words) {
  const [columns = [], ...lines] = parseCsv(words);
  if (!columns.includes("path")) throw new Error("lists no songs: its first line names no column path");
  const wrong = lines.findIndex((line) => line.length !== columns.length);
  if (wrong >= 0) throw new Error(`song ${wrong + 1} has more or fewer values than there are columns`);
  return { columns, rows: lines.map((line) => Object.fromEntries(columns.map((name, at) => [name, line[at]]))) };
}

// Lists of fields; empty lines are left out
function parseCsv(words) {
  const lines = [[]];
  for (const [, quoted, bare, end] of words.replace(/^\ufeff/, "").matchAll(FIELD)) {
    lines.at(-1).push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end !== ",") lines.push([]);
  }
  return lines.filter((line) => line.length > 1 || line[0]);
}

export function writeTable(columns, rows) {
  const field = (words = "") => (/[",\r\n]/.test(words) ? `"${words.replaceAll('"', '""')}"` : words);
  const lines = [columns, ...rows.map((row) => columns.map((name) => row[name]))];
  return lines.map((line) => `${line.map(field).join(",")}\r\n`).join("");
}
