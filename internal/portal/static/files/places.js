// Offers names of comuni while somebody types one. The field works without it:
// the server finds "Roma" and "Samone (TN)" by themselves. Offers come from the
// portal itself, a moment after the last key.
(function () {
  "use strict";
  const pause = 150; // milliseconds
  const offers = document.currentScript.dataset.offers;
  document.querySelectorAll("input.place").forEach((input) => {
    const list = document.createElement("datalist");
    list.id = input.id + ".list";
    input.after(list);
    input.setAttribute("list", list.id);
    let timer = 0, asked = "";
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const text = input.value.trim();
        if (text.length < 2 || text === asked) { return; }
        asked = text;
        try {
          const answer = await fetch(offers + "?q=" + encodeURIComponent(text));
          if (!answer.ok || text !== asked) { return; }
          const names = await answer.json();
          list.replaceChildren(...names.map((name) => Object.assign(document.createElement("option"), { value: name })));
        } catch { asked = ""; } // without the network the field stays as it is
      }, pause);
    });
  });
})();
