import assert from "node:assert/strict";
import { test } from "node:test";
import { readTable, writeTable } from "../../../genre_lightning/labels/page/csv.mjs";

test("what is read is written again as it was, commas, quotes and ends of lines in fields included", () => {
  const words = 'path,title\r\na.wav,"The ""second"",\nlong"\r\né;1.wav,\r\n';
  const { columns, rows } = readTable(words);
  assert.deepEqual(columns, ["path", "title"]);
  assert.deepEqual(rows[0], { path: "a.wav", title: 'The "second",\nlong' });
  assert.equal(writeTable(columns, rows), words);
});

test("a file of a spreadsheet is read: a mark at its beginning, plain ends of lines, empty lines", () => {
  assert.deepEqual(readTable("\ufeffpath,genre\na.wav,polka\n\n").rows, [{ path: "a.wav", genre: "polka" }]);
  assert.deepEqual(readTable("path\na.wav").rows, [{ path: "a.wav" }]);
});

test("a new column is empty where nothing stands in it", () => {
  assert.equal(writeTable(["path", "mood"], [{ path: "a.wav" }]), "path,mood\r\na.wav,\r\n");
});

test("what is no list of songs is told of", () => {
  assert.throws(() => readTable("artist,genre\nx,y\n"), /names no column path/);
  assert.throws(() => readTable(""), /names no column path/);
  assert.throws(() => readTable("path,genre\na.wav,polka\nb.wav\n"), /song 2 has more or fewer values/);
});
