// Tells zod, before it is loaded, not to make code from text: the window's policy forbids it and would report each
// try. Imported first by main.tsx; holds nothing else.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
