// The search of the course in the browser. search.py puts this, after its table RULES, where
// Sphinx expects the function that splits a query into words; the rest takes the place of
// Sphinx's ranking.

const bare = (text) =>
  text.toLowerCase().replaceAll("ı", "i").normalize("NFD").replace(/\p{M}/gu, "").normalize("NFC");

const rules = RULES.map(([rule, by]) => [new RegExp(rule, "u"), by]);

const respell = (word) => {
  const next = rules.reduce((spelled, [rule, by]) => spelled.replace(rule, by), word);
  return next === word ? word : respell(next);
};

// From here on nothing is left for Sphinx to ignore: a stem may look like one of these words.
const ignored = new Set(stopwords);
stopwords = [];

// What search.py makes of a page: see `split` there.
var splitQuery = (query) => {
  const text = bare(query)
    .replace(/([\p{L}\p{N}_])['’]\p{L}+/gu, "$1")
    .replace(/\b([a-z])-(?=[a-z])/g, "$1")
    .replace(/([a-z])-(?=[a-z]\b)/g, "$1");
  const words = text.match(/[가-힣]+|(?:(?![가-힣])[\p{L}\p{N}])+/gu) ?? [];
  return words
    .filter((word) => !ignored.has(word))
    .map(respell)
    .filter((word) => !/^(\p{N}*|[a-z])$/u.test(word));
};

const HEADING = 8;
const OFTEN = 3;
const LABEL = 6;
const ONCE = 1;
// The glossary says what a word means; other places are where a learner looks last.
const FIRST = /^glossary/;
const LAST = /^(teachers|bibliography)|-(exercises|quiz|references|next)$/;

// For each term, the sections that have it and how much it weighs there.
const weigh = ({ terms, titleterms, titles, docnames }) => {
  const weights = new Map();
  const places = docnames.map((name) => (FIRST.test(name) ? 1.4 : LAST.test(name) ? 0.5 : 1));
  const add = (term, section, weight) => {
    if (!weights.has(term)) weights.set(term, new Map());
    const sections = weights.get(term);
    sections.set(section, Math.max(weight * places[section], sections.get(section) ?? 0));
  };
  for (const [found, weight] of [[terms, ONCE], [titleterms, OFTEN]])
    for (const [term, sections] of Object.entries(found))
      for (const section of [sections].flat()) add(term, section, weight);
  // Labels are English in every language: "#similarity-neighbours", after the name of the chapter.
  docnames.forEach((name, section) => {
    for (const word of stems(name.replace(/^[^#]*(#\p{L}+-)?/u, ""))) add(word, section, LABEL);
  });
  // The shorter a heading, the more each of its words says; a title is that of a whole page.
  titles.forEach((title, section) => {
    const words = stems(title);
    const share = 0.5 + 0.5 / words.length;
    const isPage = !docnames[section].includes("#");
    for (const word of words) add(word, section, HEADING * share * (isPage ? 1.5 : 1));
  });
  return weights;
};

const stems = (text) => {
  const stemmer = new Stemmer();
  return [...new Set(splitQuery(text).map((word) => stemmer.stemWord(word)))];
};

// The terms that a word of a query stands for: lists of terms of which each counts as a word.
const meant = (word, weights) => {
  if (weights.has(word)) return [[word]];
  const terms = [...weights.keys()];
  const isHangul = /[가-힣]/.test(word);
  const least = isHangul ? 2 : 3; // letters that say anything

  // A part of a word: "필터링" is in "협업필터링".
  const longer = terms.filter((term) => (isHangul ? term.includes(word) : term.startsWith(word)));
  if (longer.length && word.length >= least) return [longer];

  // Two words in one: "coldstart", "행렬분해".
  for (let cut = word.length - 1; cut > 0; cut--) {
    const parts = [word.slice(0, cut), word.slice(cut)];
    const isLong = Math.max(...parts.map((part) => part.length)) >= least;
    if (isLong && parts.every((part) => weights.has(part))) return parts.map((part) => [part]);
  }

  // An ending that no rule knows.
  for (let end = word.length - 1; end >= Math.max(least, word.length / 2); end--)
    if (weights.has(word.slice(0, end))) return [[word.slice(0, end)]];

  return [closest(word, terms, weights)];
};

// A slip of the keyboard: the term that differs least and occurs most.
const closest = (word, terms, weights) => {
  const letters = word.normalize("NFD");
  const within = letters.length < 4 ? 0 : letters.length < 9 ? 1 : 2;
  let best = { distance: within + 1 };
  for (const term of terms) {
    const distance = editDistance(letters, term.normalize("NFD"), within);
    const isBetter =
      distance < best.distance ||
      (distance === best.distance && weights.get(term).size > weights.get(best.term)?.size);
    if (distance <= within && isBetter) best = { distance, term };
  }
  return best.term ? [best.term] : [];
};

// Letters inserted, left out, replaced or swapped with their neighbour.
const editDistance = (a, b, within) => {
  if (Math.abs(a.length - b.length) > within) return Infinity;
  const rows = [[...Array(b.length + 1).keys()]];
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      rows[i][j] = Math.min(
        rows[i - 1][j] + 1,
        rows[i][j - 1] + 1,
        rows[i - 1][j - 1] + (isSame ? 0 : 1),
        isSwapped ? rows[i - 2][j - 2] + 1 : Infinity
      );
    }
  }
  return rows[a.length][b.length];
};

// For each section, what it has of the groups, and how many points that makes. A rare word says
// more than a frequent one.
const score = (groups, weights, nSections) => {
  const scores = new Map();
  for (const group of groups) {
    const best = new Map();
    for (const term of group)
      for (const [section, weight] of weights.get(term))
        best.set(section, Math.max(weight, best.get(section) ?? 0));
    const rarity = Math.sqrt(Math.log(1 + nSections / Math.max(best.size, 1)));
    for (const [section, weight] of best) {
      const { found, points } = scores.get(section) ?? { found: 0, points: 0 };
      scores.set(section, { found: found + rarity, points: points + rarity * weight });
    }
  }
  return [...scores].map(([section, { found, points }]) => ({ section, found, points: points * found }));
};

const escape = (text) => Object.assign(document.createElement("p"), { textContent: text }).innerHTML;

// For sphinx_highlight.js. Sphinx would leave the words as they are typed.
const leaveForHighlights = (terms) => {
  const stems = terms.map((term) => term.replace(/-.*/, ""));
  try {
    localStorage.setItem("sphinx_highlight_terms", stems.join(" "));
  } catch {
    // Where a browser keeps nothing for a site, words are found but not highlighted.
  }
};

// Takes the place of Sphinx's: the sections that have most of the query, and those where what
// they have of it weighs much; the best one last.
Search._performSearch = (query, searchTerms) => {
  const { docnames, filenames, titles } = Search._index;
  const weights = (Search._weights ??= weigh(Search._index));
  const groups = [...searchTerms].flatMap((word) => meant(word, weights));
  leaveForHighlights(groups.flat());
  const scored = score(groups, weights, titles.length);
  const most = (measure) => Math.max(...scored.map(measure));
  const [allFound, best] = [most(({ found }) => found), most(({ points }) => points)];
  return scored
    .filter(({ found, points }) => found >= 0.9 * allFound || points >= best / 4)
    .sort((a, b) => a.points - b.points || b.section - a.section)
    .slice(-30)
    .map(({ section, points }) => {
      const [page, id] = docnames[section].split("#");
      const chapter = id ? escape(titles[docnames.indexOf(page)]) : null;
      return [page, escape(titles[section]), id ? `#${id}` : "", chapter, points, filenames[section]];
    });
};
