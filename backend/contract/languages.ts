// The languages that the desktop app speaks, as each calls itself. Their texts are in words/.

export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof LANGUAGES;
