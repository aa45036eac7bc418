// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// What a fuzzer calls: any text at all is parsed, analysed and rendered within a small budget. Returns whether it was
/// a template.
///
/// It must return for every input, without a trap.
@discardableResult
package func fuzzJinja(_ text: String, _ variables: [JSONValue.Member] = []) -> Bool {
    guard let template = try? Template(parsing: text) else { return false }
    _ = TemplateAnalysis(template)
    var budget = RenderBudget()
    budget.steps = 20_000
    budget.outputBytes = 1 << 20
    budget.stringBytes = 1 << 20
    budget.sequenceCount = 10_000
    budget.workBytes = 16 << 20
    do throws(JinjaError) {
        let rendering = try template.render(variables, now: Moment(Timestamp(clamping: 1_700_000_000)), budget: budget)
        return rendering.text.utf8.count <= budget.outputBytes && rendering.steps <= budget.steps
    } catch { return true }
}
