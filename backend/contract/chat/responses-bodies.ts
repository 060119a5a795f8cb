// What Ollama reads in a body of POST /v1/responses (openai/responses.go of 0.33). Fields that are not listed are
// ignored, as Ollama does: previous_response_id, store, tool_choice. http/responses/responses-input.ts reads the items
// one by one.
import {
  anything,
  bool,
  float64,
  int,
  list,
  map,
  pointer,
  raw,
  string,
  struct,
  type GoStruct,
  type Read,
} from '../go/go-type.ts';
import { OURS } from './ollama-bodies.ts';

const toolFields = {
  type: string,
  name: string,
  description: pointer(string),
  strict: pointer(bool),
  parameters: map(),
} as const;

/** A tool; a "namespace" contains tools. */
const tool: GoStruct<typeof toolFields> = struct('openai.ResponsesTool', {
  ...toolFields,
  get tools() {
    return list('[]openai.ResponsesTool', tool);
  },
});
export type ResponsesTool = Read<typeof tool>;

const format = struct('openai.ResponsesTextFormat', {
  type: string,
  name: string,
  schema: raw,
  strict: pointer(bool),
});
export type ResponsesTextFormat = Read<typeof format>;

/** Body of POST /v1/responses; the items of its `input` are below. */
export const responsesBody = struct('openai.ResponsesRequest', {
  ...OURS,
  model: string,
  background: bool,
  include: list('[]string', string),
  input: anything,
  instructions: string,
  max_output_tokens: pointer(int),
  reasoning: struct('openai.ResponsesReasoning', { effort: string, generate_summary: string, summary: string }),
  temperature: pointer(float64),
  text: pointer(struct('openai.ResponsesText', { format: pointer(format) })),
  top_p: pointer(float64),
  truncation: pointer(string),
  tools: list('[]openai.ResponsesTool', tool),
  stream: pointer(bool),
});

/** The fields that tell the kind of an item, or of a part of its content. */
export const itemKind = struct(String.raw`struct { Type string "json:\"type\""; Role string "json:\"role\"" }`, {
  type: string,
  role: string,
});
export const partKind = struct(String.raw`struct { Type string "json:\"type\"" }`, { type: string });

/** The items of `input` by type. */
export const ITEMS = {
  message: struct(
    String.raw`struct { Type string "json:\"type\""; Role string "json:\"role\""; Content json.RawMessage "json:\"content\"" }`,
    { type: string, role: string, content: anything },
  ),
  function_call: struct('openai.ResponsesFunctionCall', {
    id: string,
    type: string,
    call_id: string,
    name: string,
    arguments: string,
  }),
  function_call_output: struct(
    String.raw`struct { Type string "json:\"type\""; CallID string "json:\"call_id\""; Output json.RawMessage "json:\"output\"" }`,
    { type: string, call_id: string, output: anything },
  ),
  reasoning: struct('openai.ResponsesReasoningInput', {
    id: string,
    type: string,
    summary: list(
      '[]openai.ResponsesReasoningSummary',
      struct('openai.ResponsesReasoningSummary', { type: string, text: string }),
    ),
    encrypted_content: string,
  }),
  web_search_call: struct('openai.ResponsesWebSearchCall', {
    id: string,
    type: string,
    status: string,
    action: pointer(struct('openai.ResponsesWebSearchAction', { type: string, query: string })),
  }),
} as const;

/** The parts of a content by type. */
export const PARTS = {
  input_text: struct('openai.ResponsesTextContent', { type: string, text: string }),
  output_text: struct('openai.ResponsesOutputTextContent', { type: string, text: string }),
  input_image: struct('openai.ResponsesImageContent', {
    type: string,
    detail: string,
    file_id: string,
    image_url: string,
  }),
  input_file: struct('openai.ResponsesFileContent', {
    type: string,
    file_data: string,
    file_id: string,
    file_url: string,
    filename: string,
  }),
} as const;
