// The languages of the desktop app, by their own names. words/ has the texts.

export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof LANGUAGES;
