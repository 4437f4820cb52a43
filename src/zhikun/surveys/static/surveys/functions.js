// What conditions and checks of the questionnaire call (surveys/conditions.py writes them). Loaded before the survey is made.
"use strict";

(function () {
  const UNKNOWN = "__unknown";
  const NONE = "__none";

  // The answers 无 and 不清楚 of a question with several options; codes of a pack never begin with two underscores.
  Survey.settings.noneItemValue = NONE;
  Survey.settings.dontKnowItemValue = UNKNOWN;

  // Completed years on a day; whoever was born on 29 February completes a year on 1 March of a common year.
  function age(params) {
    const born = day(params[0]);
    const on = day(params[1]);
    if (!born || !on) return NaN;
    const months = (on[0] - born[0]) * 12 + on[1] - born[1] - (born[2] > on[2] ? 1 : 0);
    return Math.floor(months / 12);
  }

  function day(value) {
    if (value instanceof Date) return [value.getFullYear(), value.getMonth() + 1, value.getDate()];
    const parts = /^(\d{4})-(\d{2})-(\d{2})/.exec(String(value || ""));
    return parts ? [Number(parts[1]), Number(parts[2]), Number(parts[3])] : null;
  }

  // How many options are chosen; 无 is none of them.
  function count(params) {
    return Array.isArray(params[0]) ? params[0].filter((code) => code !== NONE && code !== UNKNOWN).length : NaN;
  }

  // Whether a number has no more decimals than its fact keeps. Empty has none.
  function decimals(params) {
    if (params[0] === undefined || params[0] === null || params[0] === "") return true;
    const value = Number(params[0]);
    return Number.isFinite(value) && Number(value.toFixed(params[1])) === value;
  }

  // SurveyJS hides its sheet of icons with a style in the markup, which the content policy rightly drops; ours has a class.
  const icons = Survey.SvgRegistry.iconsRenderedHtml.bind(Survey.SvgRegistry);
  Survey.SvgRegistry.iconsRenderedHtml = () => icons().replace(/ style="[^"]*"/g, ' class="zk-hidden"');

  const factory = Survey.FunctionFactory.Instance;
  factory.register("zkAge", age);
  factory.register("zkCount", count);
  factory.register("zkDecimals", decimals);
})();
