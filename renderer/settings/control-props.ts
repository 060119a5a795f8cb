// What a field of the settings form is given, and what each kind of control in it is given further.
import type { FieldInfo } from '../../backend/contract/config/config.ts';
import type { View } from '../../backend/contract/window/desktop.ts';
import type { Touched } from './form.ts';

export interface FieldProps {
  readonly field: FieldInfo;
  readonly view: View;
  /** What a search looks for, to be seen in the words. */
  readonly words: readonly string[];
  /** The setting that was asked for last, here or from elsewhere. */
  readonly wanted: Wanted | undefined;
  /** Shows another setting, by its dotted path. */
  readonly go: (path: string) => void;
  /** Is told whether what stands in the field is not allowed. */
  readonly onWrong: (path: string, wrong: boolean) => void;
}

export interface Wanted {
  readonly path: string;
}

export interface ControlProps extends Pick<FieldProps, 'field' | 'view'> {
  readonly id: string;
  readonly describedBy: string;
  readonly locked: boolean;
  /** What is typed, or was found in the file, is not allowed. */
  readonly wrong: boolean;
  readonly touched: Touched;
  /** What stands in a text field. */
  readonly text: string;
  readonly setTyped: (text: string | undefined) => void;
  readonly take: (text: string) => void;
  readonly save: (value: unknown) => Promise<boolean>;
  /** Says below the field why what was typed is not taken. */
  readonly refuse: (sentence: string) => void;
}
