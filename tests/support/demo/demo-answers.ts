// The demo's answers: short texts worth reading while one watches them stream, found by keyword.
// Deliberately written by hand and fixed, so that a cache hit is seen to be the same text; nothing here is generated.

/** One answer, with what a thinking model thinks before it. */
export interface DemoAnswer {
  readonly keywords: RegExp;
  readonly thinking: string;
  readonly text: string;
}

/** Line breaks of the source become spaces; empty lines stay paragraphs. */
const prose = (strings: TemplateStringsArray): string =>
  (strings[0] ?? '')
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim().replaceAll(/\s+/g, ' '))
    .join('\n\n');

const ANSWERS: readonly DemoAnswer[] = [
  {
    keywords: /\b(?:breads?|dough|yeast|loaf|loaves|sourdough|bake|baking|flour)\b/i,
    thinking: prose`They ask about bread. Two things matter: where the gas comes from, and what holds it. I should mention both, and
      then the oven, since that is where the shape is fixed.`,
    text: prose`Bread rises because something makes gas and something else will not let it go. The gas is carbon dioxide: yeast eats the
      sugars that enzymes free from the flour's starch, and breathes out bubbles, with a little alcohol besides. The net that
      holds them is gluten, a web of two wheat proteins that link up when flour is wetted and stretched. Kneading makes the web
      even and elastic, so that it swells like a balloon instead of tearing.

      In the oven everything hurries at once. Gas expands, water turns to steam, and the yeast has one last feast before the heat
      stops it. Then the starch sets and the walls of the bubbles turn firm. What you slice is the shape of that last minute of
      breath, kept.`,
  },
  {
    keywords: /\b(?:fire ?places?|chimneys?|hearth|flue|stove|draught|draws?|fire|smoke)\b/i,
    thinking: prose`A chimney question. The key is weight: warm air weighs less than cold air. Then the practical part, a cold flue and a
      tight house, because that is usually why somebody asks.`,
    text: prose`A fireplace draws because warm air is light. The column of hot gas standing in the chimney weighs less than the column of
      cold air standing outside it, and the heavier one pushes in at the bottom and lifts the lighter one out at the top. The taller and
      the warmer the chimney, the stronger the pull.

      That also explains the bad evenings. A cold flue holds a plug of heavy air, so the first smoke comes into the room; a twist of
      burning newspaper held up near the damper warms the plug and turns it round. And every breath that leaves must be replaced.
      In a well sealed house, with the kitchen fan running, the fire may have nothing to draw from. Open a window by a finger's
      width, and it wakes up.`,
  },
  {
    keywords: /\b(?:caches?|caching|cached)\b/i,
    thinking: prose`What is a cache. A picture first, then the two hard parts: what to throw away, and when a copy has gone stale. Perhaps
      one sentence on why it fits language models.`,
    text: prose`A cache is a small, near place where you keep copies of things that are costly to fetch or to make. The spices beside the
      stove are a cache of the larder; the larder is a cache of the shop. When what you want is there, that is a hit, and you save the
      walk. When it is not, that is a miss, and you go, and on the way back you put a copy where it will be handy next time.

      Two questions make caches interesting. Room is short, so what should go when something new comes in? Usually whatever has lain
      untouched the longest. And the world moves on, so how long may a copy be trusted? A good cache knows exactly what each copy is
      a copy of, and would rather fetch again than hand you something old under a new name.`,
  },
  {
    keywords: /\b(?:sky|blue|sunsets?)\b/i,
    thinking: prose`Rayleigh scattering, without the name if possible. I must not forget violet, because the attentive reader will ask.`,
    text: prose`Sunlight is a mixture of all colours, and air does not treat them alike. Its molecules are far smaller than a wave of light, and
      things that small scatter short waves much more than long ones: blue several times as strongly as red. So the red and yellow
      light comes mostly straight on, while the blue is tossed from molecule to molecule and reaches your eye from every side. Look
      anywhere away from the sun, and that is the light you see.

      Violet is scattered even more, but the sun sends less of it and our eyes hardly care for it. In the evening the light has
      crossed so much air that the blue has been lost on the way, over somebody else's afternoon. What arrives is the rest: orange,
      then red.`,
  },
  {
    keywords: /\b(?:soaps?|detergent|wash|washing|grease)\b/i,
    thinking: prose`Soap: a molecule with two tastes. Explain the two ends, then the little spheres, then rinsing.`,
    text: prose`Water and grease ignore each other, so water alone slides past an oily plate. Soap is the go-between. Each of its molecules is a
      long tail that likes fat and a head that likes water. Put them in a greasy basin and the tails dive into the nearest droplet
      of fat while the heads stay outside, in the water, where they are content. Soon the droplet wears a coat of heads all round. It
      can no longer cling to the plate or to its neighbours, it floats off, and the rinse carries it away.

      Soap also loosens the skin of the water itself, so that it spreads into every fold and fibre instead of sitting in beads.
      Rubbing does the rest: it breaks large patches into small ones, and small ones are easier to dress.`,
  },
  {
    keywords: /\brainbows?\b/i,
    thinking: prose`Drop, bend, bounce, bend. The angle of about 42 degrees is the heart of it. End on the nice fact that each sees their own.`,
    text: prose`A rainbow needs sun behind you and rain before you. A ray enters a drop, bends a little, is thrown back from the far wall, and bends
      again on its way out. Most of the returning light crowds around one angle, about 42 degrees from the line that runs from the sun
      through your head. Red bends least and comes back at a slightly wider angle, violet at a slightly narrower one, which is why
      red is always on the outside of the bow.

      All drops at that angle together make a circle, and the ground hides the lower part of it. From a hill or an aeroplane you may see it
      whole. And since the angle is counted from your own eyes, the person beside you is looking at other drops: no two people ever see
      the same rainbow.`,
  },
  {
    keywords: /\b(?:kettles?|boil|boils|boiling|tea|steam)\b/i,
    thinking: prose`The singing kettle. The noise is collapsing bubbles, not boiling; it stops when the water is hot throughout. Good story.`,
    text: prose`A kettle sings before it boils, and falls quiet just as it does. Listen: at first the water at the bottom, next to the metal, is far
      hotter than the water above. Bubbles of steam form there, let go, and rise into the cooler layers, where the steam turns back
      into water at once. Each bubble collapses with a tiny clap, and thousands of claps a second make the rising murmur.

      As the whole kettle grows hot, the bubbles get further before they vanish, and the note changes. At last the water is hot all the
      way up and they no longer collapse at all. They arrive at the surface whole and burst softly there. The murmur gives way to
      a rolling, and anyone who knows their kettle reaches for the pot without looking.`,
  },
  {
    keywords: /\b(?:snow|snows|quiet|silent|silence)\b/i,
    thinking: prose`Why is it quiet after snow? Porous, absorbs sound, like felt. Mention that it passes when the crust freezes.`,
    text: prose`Fresh snow is mostly air. The flakes lie on one another like a heap of tiny stars, and between them run countless narrow passages. Sound
      is air moving to and fro, and in those passages it has to rub along the walls at every step; what was a ringing echo ends as
      an unmeasurable trace of warmth. A hand's breadth of loose snow swallows sound about as well as the felt in a recording
      studio, and a town's hard floors and roofs, which usually throw everything back, are suddenly covered with it.

      There is less to hear as well, for cars stay in and footsteps are soft. The spell does not last. When the snow has been
      trodden down, or thawed and frozen to a crust, its surface is closed and hard again, and the echoes come home.`,
  },
  {
    keywords: /\b(?:tides?|moon|ebb)\b/i,
    thinking: prose`Tides. The common mistake is to explain only one bulge. Use the difference of the pull, then sun and moon together.`,
    text: prose`The moon pulls on all of the earth, but not equally: the near side a little more than the middle, the middle a little more than the
      far side. The sea feels the difference. On the near side water is drawn ahead of the earth, on the far side it is left behind,
      and so there are two high waters, not one. The earth turns beneath them, and since the moon moves on meanwhile, the pattern
      comes round every 24 hours and 50 minutes.

      The sun does the same with a little less than half the strength. When it pulls in line with the moon, at full and new moon, the tides
      run high; at half moon they partly cancel. How high it is at your pier is up to the coast, though. Bays and shelves make the water
      slosh as in a bath, and some ports see twelve metres where others hardly notice.`,
  },
  {
    keywords: /\b(?:autumn|leaf|leaves|trees?)\b/i,
    thinking: prose`Autumn colours: yellow was there all along, red is made new. That contrast is the nice point. Then the tree's reason.`,
    text: prose`A summer leaf is green because it is full of chlorophyll, which the tree makes anew all season long. When the days grow short the
      tree begins to close the shop. It takes the chlorophyll apart and draws its valuable nitrogen back into twig and root for the
      spring. What remains are the yellows and oranges of carotenoids, which had been in the leaf since May and only needed the green
      to step aside.

      The reds are another matter. Many trees make them fresh in those last weeks, out of sugar still in the leaf, and they come brightest
      after sunny days and cool nights. They may serve as a sunshade while the machinery is being packed. At the foot of the stalk a
      layer of cork has grown meanwhile; one windy morning it gives way, and the leaf goes.`,
  },
  {
    keywords: /\b(?:queues?|waiting|lines?)\b/i,
    thinking: prose`Queues. The probability argument with three tills is simple and true. Then why one line for all is kinder.`,
    text: prose`It is not your imagination that the other queue moves faster. Suppose you stand in one of three lines that are equally good. Chance
      decides which of them is quickest today, and in two cases out of three it will not be yours. You also notice it more when you
      are overtaken than when you overtake, because standing still leaves time for looking around.

      One long line that feeds all the counters is the cure. It does not make the work go faster, but nobody is stuck behind the one
      slow case, so the waits become more alike, and the person who came first is served first. Better still is to know your place and about
      how long it will take. People wait patiently for what they can see coming; it is the unexplained pause that seems endless.`,
  },
  {
    keywords: /\b(?:onions?|cry|crying|tears)\b/i,
    thinking: prose`Onions: two things kept apart until the knife. Name the gas in plain words. End with tips that really work.`,
    text: prose`An onion is armed, but it keeps powder and spark in different rooms. Its cells hold harmless sulphur compounds in one compartment and
      enzymes in another. The knife breaks the walls, the two meet, and within seconds they have made a light, volatile gas that
      drifts up to your eyes. The nerves there report an irritant, and the tear glands do the sensible thing and rinse.

      It was never meant for cooks. It keeps insects and other small diners from taking a second bite. You can calm it down: a sharp
      knife crushes fewer cells than a blunt one, an onion from the refrigerator reacts more slowly and lets less of the gas escape,
      and a fan or an open window carries the rest elsewhere. Heat ends the matter for good, and turns the same sulphur into sweetness.`,
  },
  {
    keywords: /\b(?:stars?|twinkle|twinkles|twinkling|planets?)\b/i,
    thinking: prose`Twinkling is the air's doing. The planet comparison is the useful test. Keep it to two short paragraphs.`,
    text: prose`Stars do not twinkle; the air does. A star is so far away that its light reaches us as a single thin thread. On the last few
      kilometres that thread passes through pockets of warmer and cooler air, and each of them bends it a hair's breadth, this way and
      that, many times a second. Now a little more of it falls into your eye, now a little less. Low over the horizon, where
      it must cross far more air, even the colours come apart, and a bright star sparkles red and green.

      That gives you a simple test. Planets are near enough to be tiny discs instead of points: their light is a whole bundle
      of threads, which never all waver together. If it shines steadily, it is very likely a planet. If it trembles, it is a sun.`,
  },
];

const GENERAL: DemoAnswer = {
  keywords: /^/,
  thinking: prose`Nothing I have a text for. I should say plainly that this is a simulation, and point to what can be asked.`,
  text: prose`This is a simulated answer. No language model is running in this demo, so nothing has read your question closely; a small program
    found no text for it and chose this one instead. Everything around the words is real, though: the request went through Hearth's
    cache and queue, the pieces arrive at about the pace of a person reading, and if you ask exactly the same again the answer should
    come from the cache, at once and at no cost.

    If you would like something better to read, ask why bread rises, how a fireplace draws, what a cache is, why the sky is blue, why a kettle
    sings, why snow is quiet, what makes the tides, or why the other queue always seems to be the faster one.`,
};

/** The answer to a question: the one most of whose keywords occur, else a general one that says what it is. */
export function demoAnswer(question: string): DemoAnswer {
  const counted = ANSWERS.map((answer) => ({
    answer,
    hits: question.match(new RegExp(answer.keywords, 'gi'))?.length ?? 0,
  }));
  const best = counted.reduce((a, b) => (b.hits > a.hits ? b : a));
  return best.hits > 0 ? best.answer : GENERAL;
}
