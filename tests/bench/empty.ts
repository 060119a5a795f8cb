// An empty program, to learn what starting Node itself costs. It deliberately does nothing; its one statement says so.
process.exitCode = 0;
