// Tells zod, before it is loaded, that this page may not make code from text: it would try, and the window's policy
// would report it. Imported first by main.tsx; holds nothing else.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
