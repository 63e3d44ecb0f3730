// Sets formulas with MathJax: a line of JSON {tex, display} in, a line {svg, mml} or {error} out.
const readline = require("readline");
const folder = `${__dirname}/mathjax`;

require(`${folder}/node-main.js`)
  .init({
    loader: {
      paths: { mathjax: folder },
      load: ["input/tex-full", "output/svg", "adaptors/liteDOM"],
      versionWarnings: false,
    },
    tex: {
      packages: { "[-]": ["noerrors", "noundefined", "require", "autoload", "bussproofs"] },
      formatError: (_, error) => { throw error; },
    },
    svg: { fontCache: "local" },
    startup: { typeset: false },
  })
  .then((MathJax) => {
    const adaptor = MathJax.startup.adaptor;
    const set = ({ tex, display }) => {
      try {
        const svg = adaptor.innerHTML(MathJax.tex2svg(tex, { display }));
        return { svg, mml: MathJax.tex2mml(tex, { display }) };
      } catch (error) {
        return { error: error.message };
      }
    };
    readline
      .createInterface({ input: process.stdin })
      .on("line", (line) => console.log(JSON.stringify(set(JSON.parse(line)))));
  });
