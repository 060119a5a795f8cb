// The rules that Hearth brings: they come after those of the configuration, and know apps by the form of what they send.
import type { QueueRule } from './queue-rule.ts';

/** What Open WebUI asks for beside a title, after an answer or while somebody types; nobody waits for it (constants.py, TASKS). */
const AFTERWARDS = [
  'tags_generation',
  'follow_up_generation',
  'emoji_generation',
  'autocomplete_generation',
  'document_suggestions_generation',
];

/**
 * Open WebUI fills the templates of headers that stand in its settings (utils/headers.py); where ENABLE_FORWARD_USER_INFO_HEADERS
 * is set it sends its user by the same name. Without any header its tasks are known by their form: whole, by aiohttp,
 * and all begin alike. A search is one of them that somebody waits for.
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

/** Agents bring their tools wherever they work; what they ask without any is a title, a summary, a check. */
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
