// What Ollama reads in the bodies of Anthropic's routes (anthropic/anthropic.go of 0.33). Fields that are not listed
// are ignored, as Ollama does. http/anthropic/anthropic-request.ts translates the bodies to Ollama's own form.
import {
  anything,
  bool,
  custom,
  float64,
  GoRefusal,
  int,
  list,
  pointer,
  string,
  struct,
  type Read,
} from '../go/go-type.ts';
import { OURS, toolArguments } from './ollama-bodies.ts';

const citation = struct('anthropic.Citation', {
  type: string,
  url: string,
  title: string,
  encrypted_index: string,
  cited_text: string,
});

export const contentBlock = struct('anthropic.ContentBlock', {
  type: string,
  text: pointer(string),
  citations: list('[]anthropic.Citation', citation),
  source: pointer(struct('anthropic.ImageSource', { type: string, media_type: string, data: string, url: string })),
  id: string,
  name: string,
  input: toolArguments,
  tool_use_id: string,
  content: anything,
  is_error: bool,
  thinking: pointer(string),
  signature: string,
});
export type AnthropicBlock = Read<typeof contentBlock>;

const blocks = list('[]anthropic.ContentBlock', contentBlock);

/** A message. Its content may be a text, which becomes one text block (MessageParam.UnmarshalJSON). */
const message = struct(
  'anthropic.MessageParam',
  {
    role: string,
    // null is read as an empty text.
    content: custom((value): unknown => value ?? ''),
  },
  {
    go: String.raw`struct { Role string "json:\"role\""; Content json.RawMessage "json:\"content\"" }`,
    finish: ({ role = '', content }, read) => {
      if (content === undefined) throw new GoRefusal('unexpected end of JSON input');
      return { role, content: typeof content === 'string' ? [{ type: 'text', text: content }] : read(blocks, content) };
    },
  },
);

/** A parsed message. */
export interface AnthropicMessage {
  readonly role: string;
  readonly content: readonly AnthropicBlock[];
}

const tool = struct('anthropic.Tool', {
  type: string,
  name: string,
  description: string,
  input_schema: anything,
  max_uses: int,
});
export type AnthropicTool = Read<typeof tool>;

/** Body of POST /v1/messages, and of POST /v1/messages/count_tokens, which has no max_tokens. */
export const anthropicMessages = struct('anthropic.MessagesRequest', {
  ...OURS,
  model: string,
  max_tokens: int,
  messages: list('[]anthropic.MessageParam', message),
  system: anything,
  stream: bool,
  temperature: pointer(float64),
  top_p: pointer(float64),
  top_k: pointer(int),
  stop_sequences: list('[]string', string),
  tools: list('[]anthropic.Tool', tool),
  tool_choice: pointer(struct('anthropic.ToolChoice', { type: string, name: string, disable_parallel_tool_use: bool })),
  thinking: pointer(struct('anthropic.ThinkingConfig', { type: string, budget_tokens: int })),
  metadata: pointer(struct('anthropic.Metadata', { user_id: string })),
  output_config: pointer(struct('anthropic.OutputConfig', { effort: string })),
});
/** A parsed body, with its messages read by their own reader. */
export type AnthropicMessages = Read<typeof anthropicMessages> & {
  readonly messages?: readonly AnthropicMessage[] | undefined;
};
