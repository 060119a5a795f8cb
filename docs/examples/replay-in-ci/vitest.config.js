export default { test: { globalSetup: './tests/start-hearth.js' } };
