// The rules that Hearth ships: they come after those of the configuration, and recognize apps by the form of their
// requests.
import type { QueueRule } from './queue-rule.ts';

/**
 * Open WebUI's tasks beside the title, after an answer or while the user types; nobody waits for them (constants.py,
 * TASKS).
 */
const AFTERWARDS = [
  'tags_generation',
  'follow_up_generation',
  'emoji_generation',
  'autocomplete_generation',
  'document_suggestions_generation',
];

/**
 * Open WebUI fills header templates from its settings (utils/headers.py); with ENABLE_FORWARD_USER_INFO_HEADERS it
 * sends its user under the same name. Without headers its tasks are recognized by their form: not streamed, by aiohttp,
 * with the same beginning. Somebody does wait for one of them, the search.
 */
const OPEN_WEBUI: readonly QueueRule[] = [
  {
    name: 'Open WebUI: its user',
    when: { header: { 'X-OpenWebUI-User-Id': '*' } },
    then: { caller: 'Open WebUI {X-OpenWebUI-User-Id}' },
  },
  {
    name: 'Open WebUI: title',
    when: { header: { 'X-OpenWebUI-Task': 'title_generation' } },
    then: { class: 'background' },
  },
  {
    name: 'Open WebUI: task',
    when: { header: { 'X-OpenWebUI-Task': AFTERWARDS } },
    then: { class: 'background' },
  },
  {
    name: 'Open WebUI: part of a chat',
    when: { header: { 'X-OpenWebUI-Task': '*' } },
    then: { class: 'interactive' },
  },
  {
    name: 'Open WebUI: search',
    when: { user_agent: '*aiohttp/*', stream: false, tools: false, prompt_prefix: '### Task:\nAnalyze' },
    then: { class: 'interactive' },
  },
  {
    name: 'Open WebUI: title',
    when: {
      user_agent: '*aiohttp/*',
      stream: false,
      tools: false,
      prompt_prefix: '### Task:\nGenerate a concise, 3-5 word title',
    },
    then: { class: 'background' },
  },
  {
    name: 'Open WebUI: task',
    when: { user_agent: '*aiohttp/*', stream: false, tools: false, prompt_prefix: '### Task:' },
    then: { class: 'background' },
  },
];

/** Agents send their tools whenever they work; a request without tools is a title, a summary, a check. */
const AGENTS: readonly QueueRule[] = [
  {
    name: 'opencode: title',
    when: { stream: true, tools: false, prompt_prefix: 'Generate a title for this conversation:' },
    then: { class: 'background' },
  },
  {
    name: 'Claude Code: small model',
    when: { user_agent: 'claude-cli/*', tools: false },
    then: { class: 'background' },
  },
];

export const SHIPPED_RULES: readonly QueueRule[] = [...OPEN_WEBUI, ...AGENTS];
