// Takes out of the page rows, entries of lists, choices and parts of drawings that are like two before them under the
// same parent; nothing else, since a field and its label belong together.
// The form of an element is its name, its attributes (of names and links only that there are some), whether it has
// text, and the forms of what it contains. Two of a form say all that a checker can say of it, and a checker takes
// long over thousands. Gives back how many were taken out; window.putBack() puts them back.
() => {
  const TOLD = new Set([
    "class", "style", "lang", "role", "type", "scope", "colspan", "rowspan", "tabindex", "aria-hidden", "aria-sort",
    "aria-current", "aria-expanded", "aria-live", "aria-disabled", "aria-checked", "aria-selected", "aria-pressed",
  ]);
  const REPEATED = new Set(["tr", "li", "option"]);
  const taken = [];
  const attribute = ({name, value}) => `${name}=${TOLD.has(name) ? value : value.trim() ? "something" : ""}`;
  const form = (element) => {
    const times = new Map();
    const inner = [...element.children].map((child) => {
      const one = form(child);
      times.set(one, (times.get(one) ?? 0) + 1);
      const repeated = REPEATED.has(child.localName) || child instanceof SVGElement;
      if (repeated && times.get(one) > 2) taken.push({child, parent: element, before: child.nextSibling});
      return one;
    });
    const text = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    return `${element.localName}[${[...element.attributes].map(attribute).sort()}]${text ? "text" : ""}(${inner})`;
  };
  form(document.body);
  taken.forEach(({child}) => child.remove());
  window.putBack = () => taken.reverse().forEach(({child, parent, before}) => parent.insertBefore(child, before));
  return taken.length;
}
