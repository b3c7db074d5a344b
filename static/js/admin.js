// Names for what Unfold and its widgets leave without one, for those who hear the admin.

function name(element, words) {
  if (words) element.setAttribute("aria-label", words);
}

function labelOf(id) {
  return document.querySelector(`label[for="${CSS.escape(id)}"]`)?.textContent.trim();
}

function nameSelect(select) {
  const words = labelOf(select.id);
  for (const part of select.parentElement.querySelectorAll("[role=combobox], [role=textbox]")) {
    name(part, words);
    part.removeAttribute("aria-labelledby");
  }
}

function nameMoment(input) {
  const row = input.closest("[class*=field-]");
  const words = labelOf(input.id) ?? row?.querySelector("label")?.textContent.trim();
  name(input, `${words ?? input.name}, ${input.matches(".vDateField") ? "date" : "time"}`);
}

function nameAll() {
  for (const region of document.querySelectorAll(".simplebar-content-wrapper")) {
    name(region, region.closest("#nav-sidebar") ? "All pages" : "List");
  }
  document.querySelectorAll("select.select2-hidden-accessible").forEach(nameSelect);
  document.querySelectorAll("input.vDateField, input.vTimeField").forEach(nameMoment);
}

// The widgets are made by scripts, sooner or later.
new MutationObserver(nameAll).observe(document, { childList: true, subtree: true });
