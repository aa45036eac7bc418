// SPDX-License-Identifier: Apache-2.0

/// Jinja: the language of chat templates, read as a tree and run in a box.
///
/// `Template(parsing:)` turns a text into a syntax tree and runs nothing. `TemplateAnalysis` walks the tree for the scanner:
/// names reached, constants folded, loops with their bounds. `Template.render` evaluates it as Hugging Face's
/// `apply_chat_template` does — jinja2's `ImmutableSandboxedEnvironment` with trimmed blocks, loop controls and
/// `{% generation %}` — with budgets for everything, no input or output, no clock but the one given, and no Python behind it.
///
/// Not here: what is dangerous (`Scanning`), which template of a repository wins, and the conversations to render.
/// The language as it is implemented and where it differs on purpose: `docs/formats/jinja.md`.
public enum Jinja {}
