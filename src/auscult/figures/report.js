"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const pictures = [...document.querySelectorAll(".plot")].map((place) => ({ place, figure: read(place.id + "-data") }));
  const config = read("config");
  const onTouch = matchMedia("(pointer: coarse)").matches;
  const paperWidth = 640; // pixels between the margins of A4 and of letter paper

  // A template that takes the page's colours, light or dark.
  const template = () => {
    const page = getComputedStyle(document.documentElement);
    const [text, line, panel, muted] = ["--text", "--line", "--panel", "--muted"].map((name) => page.getPropertyValue(name).trim());
    const clear = "rgba(0,0,0,0)";
    const axis = { gridcolor: line, linecolor: muted, zerolinecolor: muted, automargin: true, title: { standoff: 10 } };
    const side = { ...axis, backgroundcolor: clear, showbackground: false, color: text };
    return {
      layout: {
        font: { color: text, family: page.fontFamily, size: 13 },
        paper_bgcolor: clear,
        plot_bgcolor: clear,
        xaxis: axis,
        yaxis: axis,
        scene: { xaxis: side, yaxis: side, zaxis: side },
        hoverlabel: { bgcolor: panel, bordercolor: muted, font: { color: text }, align: "left" },
        legend: { bgcolor: clear },
        modebar: { bgcolor: clear, color: muted, activecolor: text },
      },
    };
  };

  const draw = (width) => {
    const look = template();
    for (const { place, figure } of pictures) {
      const layout = { ...figure.layout, template: look, width, autosize: width === undefined, uirevision: "same" };
      if (onTouch) layout.dragmode = false; // a finger on a picture moves the page; in space it turns the picture
      if (onTouch && layout.scene) layout.scene = { dragmode: "orbit", ...layout.scene };
      const eye = layout.scene?.camera?.eye;
      if (eye && place.clientWidth < 500) { // a narrow picture would cut off the sides
        const farther = { x: 1.4 * eye.x, y: 1.4 * eye.y, z: 1.4 * eye.z };
        layout.scene = { ...layout.scene, camera: { ...layout.scene.camera, eye: farther } };
      }
      Plotly.react(place, figure.data, layout, config);
    }
  };
  const print = (isPrinting) => {
    document.documentElement.classList.toggle("printing", isPrinting);
    draw(isPrinting ? paperWidth : undefined);
  };

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
})();
