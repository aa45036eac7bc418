// SPDX-License-Identifier: Apache-2.0

/// Finds structures that are small in memory and endless to walk.
enum Expansion {
    /// More objects than this are not looked at: whoever needs so many bytes gains nothing by the trick.
    private static let nodes = 4_000_000
    /// More paths than this are too many.
    private static let paths = 1e9
    /// More references back to an object from inside it than this are too many.
    private static let loops = 16

    /// The number of an object whose paths cannot be walked, nil when there is none.
    static func find(in graph: PickleGraph) -> Int? {
        guard graph.nodes.count <= nodes else { return nil }
        var paths = [Double](repeating: 0, count: graph.nodes.count)
        var loops: [Int: Int] = [:]
        // 0 new, 1 on the way, 2 done
        var marks = [UInt8](repeating: 0, count: graph.nodes.count)
        var path: [(node: Int, members: [PickleValue], next: Int)] = []
        for start in graph.nodes.indices where marks[start] == 0 {
            marks[start] = 1
            path.append((start, members(start, graph), 0))
            while let top = path.last {
                if top.next < top.members.count {
                    path[path.count - 1].next += 1
                    guard case .node(let child) = top.members[top.next] else { continue }
                    let index = Int(child.index)
                    switch marks[index] {
                    case 0:
                        marks[index] = 1
                        path.append((index, members(index, graph), 0))
                    case 1:
                        loops[index, default: 0] += 1
                        if loops[index, default: 0] > Self.loops { return index }
                    default: paths[top.node] += paths[index]
                    }
                } else {
                    path.removeLast()
                    paths[top.node] += 1
                    marks[top.node] = 2
                    if let parent = path.last { paths[parent.node] += paths[top.node] }
                    if paths[top.node] > Self.paths, paths[top.node] > Double(graph.nodes.count) * 1000 {
                        return top.node
                    }
                }
            }
        }
        return nil
    }

    /// What an object refers to directly.
    private static func members(_ index: Int, _ graph: PickleGraph) -> [PickleValue] {
        let node = graph.nodes[index]
        switch node.kind {
        case .tuple, .frozenSet:
            return Array(graph.items[Int(node.chain.head)..<Int(node.chain.head + node.chain.count)])
        case .list, .set, .dictionary: return graph.members(node.chain)
        case .call:
            let call = graph.calls[Int(node.detail)]
            return graph.members(node.chain) + graph.members(call.pairs) + graph.members(call.states)
                + [call.arguments, call.keywords]
        case .persistent: return [graph.values[Int(node.detail)]]
        case .byteArray, .global, .extensionCode, .buffer: return []
        }
    }
}
