// Light or dark: as the system is, until somebody switches.

const THEME_KEY = "genre_lightning theme";

export function followTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    document.documentElement.dataset.theme = chosenTheme() ?? (system.matches ? "dark" : "light");
  };
  system.addEventListener("change", follow);
  follow();
}

export function switchTheme() {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(THEME_KEY, theme);
  } catch {
    // a browser that keeps nothing starts with the system's again
  }
}

function chosenTheme() {
  try {
    return localStorage.getItem(THEME_KEY);
  } catch {
    return null;
  }
}
