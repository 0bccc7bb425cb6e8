// Runs test.wasm as a program: its arguments, environment, files and output are those
// of the wasmexec process. It runs before wasm_exec.js, whose stand-ins it replaces.
"use strict";

(() => {
	// report is the binding: its first character says what it reports.
	const report = globalThis.wasmexec;

	// Bytes travel as characters of the same number, for output need not be UTF-8.
	const output = (fd, bytes) => {
		for (let i = 0; i < bytes.length; i += 8192) {
			report(fd + String.fromCharCode(...bytes.subarray(i, i + 8192)));
		}
	};
	const complain = (text) => output(2, new TextEncoder().encode(text + "\n"));
	const exit = (code) => report("x" + code);

	const failure = (code) => Object.assign(new Error(code), { code });

	const ask = async (what, path) => {
		const answer = await fetch(`${what}?path=${encodeURIComponent(path)}`);
		if (!answer.ok) {
			throw failure(await answer.text());
		}
		return answer;
	};
	const lookUp = async (path) => {
		const found = await (await ask("stat", path)).json();
		return {
			dev: 0, ino: 0, nlink: 1, uid: 0, gid: 0, rdev: 0, blksize: 4096, blocks: 0,
			mode: found.mode, size: found.size, names: found.names,
			atimeMs: found.mtimeMs, mtimeMs: found.mtimeMs, ctimeMs: found.mtimeMs,
			isDirectory: () => found.names !== null,
		};
	};

	// The files of the module, to be read only. An open file is its content.
	const open = new Map();
	let nextFD = 3;
	const O = { O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_EXCL: 128, O_TRUNC: 512, O_APPEND: 1024, O_DIRECTORY: 65536 };
	const O_WRITING = O.O_WRONLY | O.O_RDWR | O.O_CREAT | O.O_TRUNC | O.O_APPEND;

	const later = (promise, callback) => {
		promise.then((value) => callback(null, value), (err) => callback(err.code ? err : failure("EIO")));
	};
	const files = {
		constants: O,
		writeSync(fd, bytes) {
			output(fd === 1 ? 1 : 2, bytes);
			return bytes.length;
		},
		write(fd, bytes, offset, length, position, callback) {
			callback(null, this.writeSync(fd, bytes.subarray(offset, offset + length)));
		},
		open(path, flags, perm, callback) {
			if (flags & O_WRITING) {
				callback(failure("EROFS"));
				return;
			}
			later((async () => {
				const stat = await lookUp(path);
				const data = stat.isDirectory() ? new ArrayBuffer(0) : await (await ask("data", path)).arrayBuffer();
				open.set(nextFD, { stat, data: new Uint8Array(data), at: 0 });
				return nextFD++;
			})(), callback);
		},
		read(fd, buffer, offset, length, position, callback) {
			const file = open.get(fd);
			if (!file) {
				callback(fd === 0 ? null : failure("EBADF"), 0); // standard input is empty
				return;
			}
			const from = position ?? file.at;
			const part = file.data.subarray(from, from + length);
			buffer.set(part, offset);
			if (position === null) {
				file.at += part.length;
			}
			callback(null, part.length);
		},
		close(fd, callback) {
			callback(open.delete(fd) ? null : failure("EBADF"));
		},
		fstat(fd, callback) {
			const file = open.get(fd);
			file ? callback(null, file.stat) : callback(failure("EBADF"));
		},
		stat(path, callback) { later(lookUp(path), callback); },
		lstat(path, callback) { later(lookUp(path), callback); },
		readdir(path, callback) { later(lookUp(path).then((stat) => stat.names), callback); },
		fsync(fd, callback) { callback(null); },
	};
	globalThis.fs = new Proxy(files, {
		get: (target, name) => target[name] ?? ((...args) => args.at(-1)(failure("EROFS"))),
	});

	let cwd = "/";
	globalThis.process = {
		pid: -1, ppid: -1,
		getuid: () => -1, getgid: () => -1, geteuid: () => -1, getegid: () => -1,
		getgroups() { throw failure("ENOSYS"); },
		umask() { throw failure("ENOSYS"); },
		cwd: () => cwd,
		chdir() { throw failure("ENOSYS"); },
	};

	// A program cannot import a module by itself. The page's own are below /web/.
	globalThis.wasmexecImport = (path) => import(path);

	addEventListener("load", async () => {
		try {
			const program = await (await fetch("program")).json();
			cwd = program.dir;
			const go = new Go();
			go.argv = program.args;
			go.env = program.env;
			go.exit = exit;
			const { instance } = await WebAssembly.instantiateStreaming(fetch("test.wasm"), go.importObject);
			await go.run(instance);
		} catch (err) {
			complain(`wasmexec: ${err.stack ?? err}`);
			exit(2);
		}
	});
})();
