// node steady.mjs PACKAGE FIRMWARE: run steady.py in MicroPython's WebAssembly build; one line of JSON with what it measured.
// PACKAGE: folder of the npm package; FIRMWARE: folder with the compiled firmware and steady.mpy.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [packageFolder, firmware] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(join(packageFolder, "micropython.mjs")).href);
const HOURS = 3;
const PHASES = { small: 0, beyond_2_30: 2 ** 30 / 60000, beyond_2_31: 2 ** 31 / 60000 }; // from this minute on

const mp = await loadMicroPython({ heapsize: 512 * 1024, pystack: 8192, stdout: (line) => console.error(line), linebuffer: true });

function copy(from, to) {
    for (const entry of readdirSync(from, { withFileTypes: true })) {
        const [source, target] = [join(from, entry.name), `${to}/${entry.name}`];
        if (entry.isDirectory()) {
            mp.FS.mkdir(target);
            copy(source, target);
        } else {
            mp.FS.writeFile(target, readFileSync(source));
        }
    }
}

mp.FS.mkdir("/firmware");
copy(firmware, "/firmware");
mp.runPython("import sys\nsys.path[:] = ['/firmware', '.frozen']");
const py = mp.pyimport("steady");

process.on("uncaughtException", (error) => {
    console.error(error.message); // the rest would be the whole of a minified module
    process.exit(1);
});

const result = { interpreter: "", numbers: [], phases: {} };
mp.runPython("description = '%s %s, %s' % (sys.implementation.name, sys.implementation.version, sys.platform)");
result.interpreter = mp.globals.get("description");

// is it one with 31-bit ints? heap after keeping nothing, the largest small int, one more
py.keep(-1);
py.used();
for (const kind of [-1, 0, 1]) {
    py.keep(kind);
    result.numbers.push(py.used());
}

py.set_up();
py.run(100);
py.sleep(60); // a first late wake, as there will be before the later stretches
py.run(100); // caches filled, first wakes over
for (const [phase, from] of Object.entries(PHASES)) {
    for (let left = from - py.minutes(); left > 0; left = from - py.minutes()) {
        if (left > 120) py.sleep(Math.min(Math.floor(left) - 60, 5 * 1440)); // less than half a turn of the ticks
        py.run(50);
    }
    const [begin, stepsBefore] = [py.minutes(), py.steps()];
    for (let i = 0; i < 5; i++) py.wake();
    const used = [];
    while (py.minutes() < begin + HOURS * 60 || used.length < 100) used.push(py.wake());
    result.phases[phase] = { begin, end: py.minutes(), steps: py.steps() - stepsBefore, used };
}
console.log(JSON.stringify(result));
