// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FoundationEssentials

/// What the page looks like. It is the only style of the page, and the page's policy allows it by its digest: no other
/// style, script, picture or address can have an effect, whoever wrote it.
enum HTMLStyle {
    /// The value of the `Content-Security-Policy`.
    static let policy: String = {
        var hash = SHA256()
        hash.update(text)
        let digest = Data(hash.finalize().bytes).base64EncodedString()
        return "default-src 'none'; style-src 'sha256-\(digest)'; base-uri 'none'; form-action 'none'"
    }()

    static let text = colours + layout + changes + differences + picture + media

    private static let colours = """
        :root{color-scheme:light dark;--page:#fff;--ink:#1b1f24;--soft:#59616b;--rule:#dde1e6;--panel:#f6f7f9;--code:#eef0f3;
        --breaking:#b3261e;--behaviour:#8a5300;--security:#6d3bb0;--cosmetic:#50606c;--good:#146c43;
        --old:#fdeeec;--new:#eaf6ee;--oldmark:#f7c3bd;--newmark:#aee0bf;--oldink:#8c1d18;--newink:#0f5132;
        --d0:#dce9f7;--d1:#bcd6ef;--d2:#93bde3;--d3:#5f9cd0;--d4:#3579b8;--d5:#1d5796;--d6:#0d3563}
        @media (prefers-color-scheme:dark){:root{--page:#14171b;--ink:#e5e8ec;--soft:#9aa4af;--rule:#31373f;--panel:#1b1f25;
        --code:#262b32;--breaking:#ff9d94;--behaviour:#f0b35c;--security:#c8a6ff;--cosmetic:#a5b3bf;--good:#6fd19c;
        --old:#33201f;--new:#17291f;--oldmark:#6f302b;--newmark:#245c3b;--oldink:#ffb4ab;--newink:#8fdcae;
        --d0:#1c2a3a;--d1:#1f3f5f;--d2:#235a8a;--d3:#2f7cb8;--d4:#4d9fdc;--d5:#86c4f2;--d6:#cfe8fd}}

        """

    private static let layout = """
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
        "Liberation Sans","DejaVu Sans",sans-serif;overflow-wrap:anywhere}
        main{max-width:76rem;margin:0 auto;padding:2rem clamp(1rem,4vw,2.5rem) 4rem}
        code,pre,.mono{font-family:ui-monospace,"SF Mono","Cascadia Mono",Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",
        monospace;font-size:.875em}
        code{background:var(--code);border-radius:4px;padding:.1em .35em}
        h1,h2,h3,h4{line-height:1.25;margin:0;font-weight:650;text-wrap:balance}
        h1{font-size:1.75rem;letter-spacing:-.01em}
        h2{font-size:1.5rem}
        h3{font-size:1.125rem}
        h4{font-size:1rem}
        p{margin:.5rem 0}
        a{color:inherit}
        .kicker{margin:0 0 .35rem;color:var(--soft);font-size:.875rem}
        .report{margin-top:2.5rem;padding-top:2rem;border-top:1px solid var(--rule)}
        .report:first-of-type{border:0;margin-top:0;padding-top:0}
        .list+.report:first-of-type{margin-top:2.25rem}
        .verdict{margin:.75rem 0 1.25rem;font-size:1.125rem;font-weight:600}
        .changed{color:var(--behaviour)}.changed.breaking{color:var(--breaking)}.unknown{color:var(--behaviour)}
        .unchanged{color:var(--good)}.unchanged.security{color:var(--security)}
        .tiles{display:flex;flex-wrap:wrap;gap:.5rem;margin:0 0 1.5rem;padding:0;list-style:none}
        .tiles li{flex:1 1 7rem;padding:.6rem .8rem;border:1px solid var(--rule);border-radius:8px;background:var(--panel)}
        .tiles b{display:block;font-size:1.5rem;line-height:1.2;font-variant-numeric:tabular-nums}
        .tiles span{color:var(--soft);font-size:.875rem}
        .tiles .zero b{color:var(--soft);font-weight:400}
        .tiles .breaking b,.group.breaking>h3{color:var(--breaking)}
        .tiles .behaviour b,.group.behaviour>h3{color:var(--behaviour)}
        .tiles .security b,.group.security>h3{color:var(--security)}
        .tiles .cosmetic b,.group.cosmetic>h3{color:var(--cosmetic)}
        .scroll{overflow-x:auto;max-width:100%}
        table{border-collapse:collapse;width:100%;font-size:.9375rem}
        th,td{text-align:left;vertical-align:top;padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--rule)}
        th{font-weight:600;color:var(--soft);font-size:.875rem}
        td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
        td{overflow-wrap:break-word}
        td.name{min-width:16rem;overflow-wrap:anywhere}
        .soft{color:var(--soft)}
        .note{border-left:4px solid var(--behaviour);background:var(--panel);padding:.6rem .9rem;border-radius:0 8px 8px 0;
        margin:1rem 0}
        .note ul{margin:.35rem 0 0;padding-left:1.1rem}
        footer{margin-top:3rem;color:var(--soft);font-size:.875rem}

        """

    private static let changes = """
        .group{margin-top:2.25rem}
        .group>h3::first-letter{text-transform:uppercase}
        .group>h3 span{color:var(--soft);font-weight:400;font-size:.9375rem}
        .change{margin-top:.9rem;padding:.9rem 1.1rem 1rem;border:1px solid var(--rule);border-left-width:4px;border-radius:8px;
        break-inside:auto}
        .change.breaking{border-left-color:var(--breaking)}.change.behaviour{border-left-color:var(--behaviour)}
        .change.security{border-left-color:var(--security)}.change.cosmetic{border-left-color:var(--cosmetic)}
        .meta{display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:baseline;margin:.35rem 0 0;padding:0;list-style:none;color:var(--soft);
        font-size:.875rem}
        .chip{border:1px solid currentColor;border-radius:99px;padding:0 .6em}
        .values{display:grid;grid-template-columns:1fr 1fr;gap:.5rem;margin:.75rem 0 0}
        .values div{border-radius:6px;padding:.4rem .7rem;min-width:0}
        .values .was{background:var(--old)}.values .now{background:var(--new)}
        .values span{display:block;font-size:.8125rem;color:var(--soft)}
        .values code{background:none;padding:0}
        .consequence{color:var(--soft);max-width:70ch}
        details{margin-top:.75rem}
        summary{cursor:pointer;font-weight:600;font-size:.9375rem}
        summary::marker{color:var(--soft)}
        details details>summary{font-weight:500}
        .tokens{display:flex;flex-wrap:wrap;gap:.35rem;margin:.35rem 0 .75rem;padding:0;list-style:none}
        .tokens code.was{background:var(--old)}.tokens code.now{background:var(--new)}
        .list{margin:.35rem 0;padding-left:1.1rem}

        """

    private static let differences = """
        .diff{margin:.6rem 0 0;border:1px solid var(--rule);border-radius:6px;overflow:hidden;font:13px/1.5 ui-monospace,"SF Mono",
        "Cascadia Mono",Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace;tab-size:4}
        .line{display:grid;grid-template-columns:2.6rem 2.6rem 1.2rem minmax(0,1fr)}
        .line>i{font-style:normal;color:var(--soft);text-align:right;padding-right:.5rem;user-select:none;opacity:.8}
        .text{white-space:pre-wrap;overflow-wrap:anywhere;padding-right:.5rem;min-width:0}
        .line.old,.cell.old{background:var(--old)}.line.new,.cell.new{background:var(--new)}
        .skip{background:var(--panel);color:var(--soft);padding:.15rem .75rem;font-size:12px}
        .pair{display:grid;grid-template-columns:1fr 1fr}
        .cell{display:grid;grid-template-columns:2.4rem minmax(0,1fr);min-width:0}
        .cell+.cell{border-left:1px solid var(--rule)}
        .cell>i{font-style:normal;color:var(--soft);text-align:right;padding-right:.5rem;user-select:none;opacity:.8}
        .cell.void{background:repeating-linear-gradient(-45deg,transparent 0 5px,var(--panel) 5px 10px)}
        .columns{font:600 13px/1.5 system-ui,"DejaVu Sans",sans-serif;color:var(--soft);border-bottom:1px solid var(--rule);
        background:var(--panel)}
        .columns>div{padding:.25rem .75rem;min-width:0}
        .columns>div+div{border-left:1px solid var(--rule)}
        del,ins{text-decoration:none;border-radius:3px;color:inherit}
        del{background:var(--oldmark)}ins{background:var(--newmark)}
        .end::after{content:"↵";color:var(--soft);opacity:.55;user-select:none}
        .cut{color:var(--soft)}
        .esc{font-weight:600;color:var(--security);background:var(--code);border-radius:3px}
        .fails{grid-column:1/-1;padding:.5rem .75rem;color:var(--breaking);font-weight:600}
        .whole{white-space:pre-wrap;overflow-wrap:anywhere;margin:.4rem 0 0;padding:.6rem .8rem;background:var(--panel);
        border:1px solid var(--rule);border-radius:6px;font-size:13px;line-height:1.5;tab-size:4}

        """

    private static let picture = """
        .picture{margin:.75rem 0 .25rem}
        .picture svg{display:block}
        svg text{font:11px ui-monospace,"SF Mono","Cascadia Mono",Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace;
        fill:var(--ink)}
        svg .axis{fill:var(--soft)}
        svg .sign{font-weight:700;text-anchor:middle;fill:var(--ink)}
        svg .deep{fill:var(--page)}
        .none{fill:none;stroke:var(--rule)}
        .d0{fill:var(--d0)}.d1{fill:var(--d1)}.d2{fill:var(--d2)}.d3{fill:var(--d3)}.d4{fill:var(--d4)}.d5{fill:var(--d5)}
        .d6{fill:var(--d6)}
        .added{fill:var(--newmark)}.removed{fill:var(--oldmark)}
        .odd{fill:var(--page);stroke:var(--soft);stroke-width:1}
        .legend{display:flex;flex-wrap:wrap;gap:.2rem .9rem;margin:.5rem 0 0;padding:0;list-style:none;color:var(--soft);
        font-size:.8125rem}
        .legend li{display:flex;align-items:center;gap:.35rem}

        """

    private static let media = """
        @media (max-width:46rem){
        main{padding-top:1.25rem}
        h1{font-size:1.4rem}
        .pair,.values{grid-template-columns:minmax(0,1fr)}
        .cell+.cell,.columns>div+div{border-left:0}
        .cell.void,.cell.again{display:none}
        .columns{display:none}
        .line{grid-template-columns:2.2rem 2.2rem 1rem minmax(0,1fr)}
        .change{padding:.8rem .8rem .9rem}
        .tiles li{flex-basis:5.5rem;padding:.45rem .6rem}
        .stack thead{display:none}
        .stack tr{display:block;padding:.5rem 0;border-bottom:1px solid var(--rule)}
        .stack td{display:block;border:0;padding:.1rem 0}
        .stack td.n{display:inline-block;text-align:left;margin-right:1rem}
        .stack td:empty{display:none}
        .stack td[data-name]::before{content:attr(data-name) " ";color:var(--soft);font-size:.8125rem}
        }
        @media print{
        :root{color-scheme:light;--page:#fff;--ink:#000;--soft:#444;--rule:#bbb;--panel:#f6f6f6;--code:#eee;--breaking:#a00;
        --behaviour:#7a4a00;--security:#5b2fa0;--cosmetic:#444;--good:#146c43;--old:#fdeeec;--new:#eaf6ee;--oldmark:#f2b1aa;
        --newmark:#9bd6af;--d0:#dce9f7;--d1:#bcd6ef;--d2:#93bde3;--d3:#5f9cd0;--d4:#3579b8;--d5:#1d5796;--d6:#0d3563}
        body{font-size:10.5pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}
        main{max-width:none;padding:0}
        .diff{font-size:8.5pt}.whole{font-size:8.5pt}
        .scroll{overflow:visible}
        .picture svg{max-width:100%;height:auto}
        h3,h4,summary,.columns{break-after:avoid}
        .tiles,.line,.pair,tr,.values,.picture{break-inside:avoid}
        details:not(.more)::details-content{content-visibility:visible;block-size:auto}
        table{font-size:8.5pt}
        td.name{min-width:0}
        @page{margin:16mm 14mm}
        }

        """
}
