// Colors that color-blind people can tell apart (Okabe and Ito 2008, with the yellow replaced on light paper).
const LIGHT = ["#0072b2", "#d55e00", "#009e73", "#b8568f", "#b07600", "#3a8fc4", "#332288", "#55585e"];
const DARK = ["#56b4e9", "#f08c3c", "#2fc79a", "#e08fbd", "#e6b422", "#a3d4f5", "#b3a6f0", "#d0d0d0"];
const dark = matchMedia("(prefers-color-scheme: dark)");

export const categories = () => (dark.matches ? DARK : LIGHT);
export const onScheme = (action) => dark.addEventListener("change", action);
export const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A color as a pixel of a canvas, with red in the lowest byte. */
export function pixel(color, under = "#000000", share = 1) {
  const [r, g, b] = [1, 3, 5].map((place) => {
    const over = parseInt(color.slice(place, place + 2), 16);
    return Math.round(share * over + (1 - share) * parseInt(under.slice(place, place + 2), 16));
  });
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

export const SHAPES = ["circle", "square", "triangle", "diamond", "cross", "plus", "star", "ring"];

/** Trace a shape around a point; crosses and the like are lines. */
export function trace(context, shape, x, y, size) {
  const corners = {
    square: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
    triangle: [[0, -1.2], [1.1, 0.9], [-1.1, 0.9]],
    diamond: [[0, -1.35], [1.35, 0], [0, 1.35], [-1.35, 0]],
    cross: [[-1, -0.4], [-0.4, -1], [0, -0.6], [0.4, -1], [1, -0.4], [0.6, 0], [1, 0.4], [0.4, 1], [0, 0.6], [-0.4, 1],
      [-1, 0.4], [-0.6, 0]],
    plus: [[-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4], [0.4, 1.2], [-0.4, 1.2],
      [-0.4, 0.4], [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4]],
    star: [[0, -1.4], [0.4, -0.4], [1.4, -0.4], [0.6, 0.3], [0.9, 1.3], [0, 0.7], [-0.9, 1.3], [-0.6, 0.3], [-1.4, -0.4],
      [-0.4, -0.4]],
  }[shape];
  context.beginPath();
  if (corners) {
    corners.forEach(([dx, dy], place) => context[place ? "lineTo" : "moveTo"](x + dx * size, y + dy * size));
    context.closePath();
  } else {
    context.arc(x, y, size, 0, 2 * Math.PI);
    if (shape === "ring") context.arc(x, y, size / 2, 0, 2 * Math.PI, true);
  }
}
