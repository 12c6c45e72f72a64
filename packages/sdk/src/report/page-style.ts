/** Colours keep a contrast of 4.5 and more on their grounds, light and dark; gain and loss also carry a sign. */
export const pageStyle = `
:root{color-scheme:light dark;--ground:#f5f6f8;--panel:#fff;--text:#17202b;--soft:#566273;--line:#dfe3e9;--grid:#e9ecf1;
--accent:#1d5fd1;--gain:#0a7350;--loss:#bf2b2b;--held:#7a6a1f;--price:#39465a;--ratio:#7a3fb8;--heat-gain:10,150,95;--heat-loss:215,50,50;--shadow:0 1px 2px #1018280f,0 1px 3px #10182814}
@media (prefers-color-scheme:dark){:root{--ground:#0e131a;--panel:#161d27;--text:#e7ecf3;--soft:#9dabbc;--line:#2a3442;--grid:#222b37;
--accent:#7fb0ff;--gain:#48cf95;--loss:#ff8a84;--held:#d9bd5a;--price:#b7c4d6;--ratio:#c7a0f5;--heat-gain:30,160,105;--heat-loss:215,70,70;--shadow:none}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
.skip{position:absolute;left:-999px;top:0;padding:.6rem 1rem;background:var(--accent);color:var(--panel);z-index:9}
.skip:focus{left:0}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
header,main,footer{max-width:1180px;margin:0 auto;padding:0 20px}
header{padding-top:28px}
h1{font-size:1.65rem;line-height:1.2;margin:0 0 .25rem;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:1.12rem;margin:0 0 .75rem}
h3{font-size:.95rem;margin:0}
p{margin:.4rem 0}
.soft,.note{color:var(--soft)}
.note{font-size:.84rem}
nav{display:flex;gap:4px 18px;flex-wrap:wrap;margin:14px 0 18px;font-size:.9rem}
a{color:var(--accent);text-underline-offset:3px}
nav a{text-decoration:none}nav a:hover{text-decoration:underline}
section{background:var(--panel);border:1px solid var(--line);border-radius:12px;padding:18px 20px;margin:0 0 18px;box-shadow:var(--shadow)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:1px;background:var(--line);border:1px solid var(--line);border-radius:12px;overflow:hidden;margin:0 0 18px;box-shadow:var(--shadow)}
@media (min-width:860px){.cards{grid-template-columns:repeat(5,1fr)}}
.cards div{background:var(--panel);padding:13px 16px}
.cards dt{color:var(--soft);font-size:.8rem}
.cards dd{margin:.1rem 0 0;font-size:1.32rem;font-weight:600;letter-spacing:-.01em}
.gain{color:var(--gain)}.loss{color:var(--loss)}
.alert{border-left:4px solid var(--accent)}
.alert ul,.plain{margin:.3rem 0 0;padding-left:1.2rem}
.figures{columns:3 300px;column-gap:34px}
.figures table{width:100%;break-inside:avoid;margin-bottom:20px}
table{border-collapse:collapse;font-size:.88rem}
caption{text-align:left;font-weight:600;padding-bottom:.35rem}
th,td{padding:.34rem .6rem;border-bottom:1px solid var(--grid);text-align:right;white-space:nowrap}
th{font-weight:500;color:var(--soft)}
th:first-child,td:first-child{text-align:left;padding-left:0}
.figures th{text-align:left;white-space:normal}.figures td{padding-right:0;font-weight:500}
.figures small{display:block;font-size:.76rem;line-height:1.3;color:var(--soft);font-weight:400}
.figures th{color:var(--text)}
td.words,th.words{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:9rem}
[hidden]{display:none!important}#trade-rows{width:100%}
.scroll{overflow-x:auto;max-width:100%}
code{font:.84em/1.4 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.heat td{text-align:right;min-width:3.6rem;border:2px solid var(--panel);border-radius:6px}
.heat th[scope=row]{position:sticky;left:0;background:var(--panel);color:var(--text)}
.heat td:last-child{font-weight:600}
button{font:inherit;color:inherit;background:var(--panel);border:1px solid var(--line);border-radius:7px;padding:.28rem .7rem;cursor:pointer;min-height:32px}
button:hover:not(:disabled){border-color:var(--accent)}button:disabled{opacity:.45;cursor:default}
button[aria-pressed=true]{background:var(--accent);border-color:var(--accent);color:var(--panel)}
.bar{display:flex;flex-wrap:wrap;gap:8px;align-items:center;margin:.2rem 0 .9rem}
th button{border:0;background:none;padding:.1rem .2rem;min-height:24px;color:inherit;font-weight:500}
th[aria-sort] button{color:var(--text);font-weight:600}
th[aria-sort=ascending] button::after{content:" \\2191"}th[aria-sort=descending] button::after{content:" \\2193"}
td button{padding:0 .4rem;min-height:24px;border-color:transparent;color:var(--accent);background:none}
figure{margin:14px 0 22px}figure:last-of-type{margin-bottom:8px}
figcaption{display:flex;flex-wrap:wrap;gap:2px 14px;align-items:baseline;margin-bottom:6px}
.key{font-size:.84rem;color:var(--soft);white-space:nowrap}
.key i{display:inline-block;width:14px;height:0;border-top:3px solid;border-radius:2px;vertical-align:middle;margin-right:5px}
.key i.buy,.key i.sell{width:0;border:5px solid transparent;border-radius:0}
.key i.buy{border-bottom:8px solid var(--gain);border-top:0}.key i.sell{border-top:8px solid var(--loss);border-bottom:0}
.plot{position:relative;height:240px;margin:0 58px 24px 0;touch-action:pan-y;cursor:crosshair;border-bottom:1px solid var(--line)}
.plot.tall{height:300px}.plot.low{height:150px}
.plot svg{position:absolute;inset:0;width:100%;height:100%;overflow:hidden}
.plot path{fill:none;stroke-width:1.5;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.plot .grid{stroke:var(--grid);stroke-width:1}.plot .base{stroke:var(--soft);stroke-width:1;opacity:.6}
.line.price{stroke:var(--price)}.line.equity{stroke:var(--accent)}.line.held{stroke:var(--held)}.line.loss{stroke:var(--loss)}.line.ratio{stroke:var(--ratio)}
i.price{color:var(--price)}i.equity{color:var(--accent)}i.held{color:var(--held)}i.loss{color:var(--loss)}i.ratio{color:var(--ratio)}
.plot .area.loss{fill:var(--loss);opacity:.16;stroke:none}
.plot .mark{stroke:var(--panel);stroke-width:.75}.plot .mark.buy{fill:var(--gain)}.plot .mark.sell{fill:var(--loss)}
.plot .tick{stroke-width:1.2}.plot .tick.buy{stroke:var(--gain)}.plot .tick.sell{stroke:var(--loss)}
.plot span{position:absolute;font-size:.74rem;color:var(--soft);pointer-events:none;line-height:1}
.plot span.y{left:calc(100% + 7px);transform:translateY(-50%)}.plot span.x{top:calc(100% + 7px);transform:translateX(-50%);white-space:nowrap}
.plot .hair{display:none;position:absolute;top:0;bottom:0;width:1px;background:var(--accent);pointer-events:none}
.touched .hair{display:block}.plot:focus .hair{width:2px}
.plot .brush{position:absolute;top:0;bottom:0;background:var(--accent);opacity:.16;pointer-events:none}
.readout{min-height:1.3em;font-size:.84rem;color:var(--soft);margin:0;overflow-wrap:anywhere}
.graph{display:block}.graph .edge{fill:none;stroke:var(--soft);stroke-width:1.3;opacity:.65}
.graph rect{fill:var(--ground);stroke:var(--line);stroke-width:1.2}.graph .source rect{stroke:var(--accent)}
.graph .node{cursor:pointer}.graph .node:hover rect,.graph .node:focus rect{stroke:var(--accent);stroke-width:2}.graph .node:focus{outline:none}
.graph text{fill:var(--text);font-size:13px;font-weight:500}.graph .kind{fill:var(--soft);font-size:11.5px;font-weight:400}
details summary{cursor:pointer;color:var(--accent);margin:.6rem 0 .4rem}
.script{display:none}.js .script{display:revert}.js .bar.script{display:flex}
footer{color:var(--soft);font-size:.84rem;padding-bottom:32px}
@media (max-width:600px){header,main,footer{padding-left:12px;padding-right:12px}section{padding:14px 12px}h1{font-size:1.35rem}
.cards{grid-template-columns:1fr 1fr}.cards dd{font-size:1.12rem}.cards div{padding:10px 12px}
.plot{margin-right:48px;height:200px}.plot.tall{height:240px}.plot.low{height:130px}.plot .x1,.plot .x3{display:none}}
@media print{body{background:#fff}.bar,nav,.skip{display:none!important}section{break-inside:avoid-page;box-shadow:none}.scroll{overflow:visible}}
`;
