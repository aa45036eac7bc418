// SPDX-License-Identifier: Apache-2.0
//
// Drift: what changed between two deliverables, in the terms of a model.
//
// What it is: comparisons of two `Snapshot`s: weights by tensors, tokenizers by vocabulary and steps, templates by the
// prompts that they make, configuration by keys, code by functions, the project's own files by what they say. Each change
// has a rule, a class, a severity and a place, by the tables of `docs/formats/diff.md`.
// What it is not: it lists, fetches, stores and prints nothing; what it has to read it reads through a `SnapshotReader`.
// Entry points: `Comparison` for the whole; `SourceDrift` for file names and digests alone; `TemplateSet`, `PromptRenderer`
// and `TemplateLint` for the templates of one side.
