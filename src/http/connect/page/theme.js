// Colours: light, dark or as the system has it, with the app's own colour for what is pressed.
const channel = (hex) => {
  const value = Number.parseInt(hex, 16) / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
};

const luminance = (colour) => {
  const [red, green, blue] = [colour.slice(1, 3), colour.slice(3, 5), colour.slice(5, 7)].map(channel);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

/** Black or white, whichever is read better on the colour: 4.5 to 1 at least. */
const textOn = (colour) =>
  (luminance(colour) + 0.05) / 0.05 > 1.05 / (luminance(colour) + 0.05) ? "#000000" : "#ffffff";

/** Put the settings of the environment into effect; the opener's wish goes before its default. */
export const applyTheme = ({ theme, defaultTheme }, wish) => {
  const root = document.documentElement;
  for (const mode of ["light", "dark"]) {
    root.style.setProperty(`--primary-${mode}`, theme[mode].primary);
    root.style.setProperty(`--on-primary-${mode}`, textOn(theme[mode].primary));
  }
  const chosen = ["light", "dark", "system"].includes(wish) ? wish : defaultTheme;
  if (chosen === "system") delete root.dataset.theme;
  else root.dataset.theme = chosen;
};
