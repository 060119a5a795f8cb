// Why a file of settings cannot be imported, in the language of the window.
import type { ConfigFileError } from '../../backend/config-file.ts';
import { t } from '../../words/texts.ts';

export function unusableWords({ path: file, mistake, line = 0, plain }: ConfigFileError): string {
  return mistake === undefined ? plain : t(`settings.file.import_${mistake}`, { file, line });
}
