"""Chinese poems for readers without Chinese: each line with its pinyin and a literal translation.

The glosses are in `GLOSSES`, by the five characters of a line. A line that is not there is refused,
so a poem that has changed cannot keep the gloss of another one.
"""

from collections.abc import Mapping
from html import escape

# line: (pinyin, word for word); the tones are those of each character alone, today.
GLOSSES: dict[str, tuple[str, str]] = {
    # 王之渙
    "白日依山盡": ("bái rì yī shān jìn", "the white sun leans on the mountains and is gone"),
    "黃河入海流": ("huáng hé rù hǎi liú", "the Yellow River flows into the sea"),
    "欲窮千里目": ("yù qióng qiān lǐ mù", "if you want your eyes to reach a thousand miles"),
    "更上一層樓": ("gèng shàng yī céng lóu", "climb one more floor of the tower"),
    # 盧僎
    "去國三巴遠": ("qù guó sān bā yuǎn", "gone from my land, in Sichuan's Three Ba, far away"),
    "登樓萬里春": ("dēng lóu wàn lǐ chūn", "I climb the tower: ten thousand miles of spring"),
    "傷心江上客": ("shāng xīn jiāng shàng kè", "heartbroken, a stranger on the river"),
    "不是故鄉人": ("bù shì gù xiāng rén", "not a person of my home"),
    # the network, made to rhyme: the first poem of the page
    "風雨常知別": ("fēng yǔ cháng zhī bié", "wind and rain always know parting"),
    "雲中獨可歸": ("yún zhōng dú kě guī", "in the clouds, alone, one may go home"),
    "相逢不知醉": ("xiāng féng bù zhī zuì", "when we meet we do not know we are drunk"),
    "應是舊春衣": ("yīng shì jiù chūn yī", "these must be old spring clothes"),
    # greedy
    "一日千里去": ("yī rì qiān lǐ qù", "one day, a thousand miles gone"),
    "一朝一萬年": ("yī zhāo yī wàn nián", "one morning, ten thousand years"),
    "一朝千里去": ("yī zhāo qiān lǐ qù", "one morning, a thousand miles gone"),
    "不見一年歸": ("bù jiàn yī nián guī", "not seen, one year, to come home"),
    # temperature 0.5
    "衰得三金面": ("shuāi dé sān jīn miàn", "decay gains three faces of gold"),
    "驚光滿水清": ("jīng guāng mǎn shuǐ qīng", "startled light, full water, clear"),
    "如朝一片女": ("rú zhāo yī piàn nǚ", "like morning, one slice of woman"),
    "不敢到江陰": ("bù gǎn dào jiāng yīn", "does not dare to reach the river's shady side"),
    # temperature 1
    "柳樓秋竹波": ("liǔ lóu qiū zhú bō", "willow tower, autumn bamboo, waves"),
    "若爲數桓寢": ("ruò wéi shù huán qǐn", "how do several Huans sleep"),
    "三嶺漫悠思": ("sān lǐng màn yōu sī", "three ridges, spilt, far-off thoughts"),
    "鹽橈無迹窮": ("yán ráo wú jì qióng", "the salt oar, no trace, at its end"),
    # temperature 1.5
    "可着宮社時": ("kě zhuó gōng shè shí", "can wear the palace and shrine hour"),
    "過參弔嘆間": ("guò cān diào tàn jiān", "pass, attend, between mourning and sighs"),
    "淥銷嗚蕭涯": ("lù xiāo wū xiāo yá", "clear water melts, alas, a bleak shore"),
    "樹子亦憐西": ("shù zǐ yì lián xī", "the tree's child, too, pities the west"),
    # nucleus
    "大十年如海": ("dà shí nián rú hǎi", "big ten years like a sea"),
    "春風向幾來": ("chūn fēng xiàng jǐ lái", "spring wind, towards how many it comes"),
    "莫憐山處伴": ("mò lián shān chù bàn", "do not pity the companion where the mountain is"),
    "終日到君歸": ("zhōng rì dào jūn guī", "all day, until you come home"),
    # min-p
    "金舞復無心": ("jīn wǔ fù wú xīn", "gold dances, again without a heart"),
    "因風且不知": ("yīn fēng qiě bù zhī", "because of the wind, and still not knowing"),
    "能君如何事": ("néng jūn rú hé shì", "able, you, what kind of matter"),
    "應爲此人時": ("yīng wéi cǐ rén shí", "it should be this person's time"),
    # typical
    "疎柳若瑤珠": ("shū liǔ ruò yáo zhū", "thin willows like beads of jade"),
    "銀欄謝落多": ("yín lán xiè luò duō", "silver railing, much fades and falls"),
    "細有此心也": ("xì yǒu cǐ xīn yě", "finely there is this heart indeed"),
    "翻書聞路心": ("fān shū wén lù xīn", "turning a book, hear the heart of the road"),
    # beam search
    "春風不可見": ("chūn fēng bù kě jiàn", "the spring wind cannot be seen"),
    "日日日悠悠": ("rì rì rì yōu yōu", "day, day, day, far, far"),
    "悠悠悠悠悠": ("yōu yōu yōu yōu yōu", "far, far, far, far, far"),
    # masked
    "欲乞四胎織": ("yù qǐ sì tāi zhī", "about to beg for the weaving of four wombs"),
    "名春滿玉繩": ("míng chūn mǎn yù shéng", "named spring fills the jade cord"),
    "黃金千數外": ("huáng jīn qiān shù wài", "yellow gold, beyond a thousand in number"),
    "三水始無層": ("sān shuǐ shǐ wú céng", "three waters begin to have no storey"),
    # conditioned
    "收疎鏡葉舞": ("shōu shū jìng yè wǔ", "gather, sparse, mirror, leaves dance"),
    "高池曲清篁": ("gāo chí qū qīng huáng", "high pond, winding, clear bamboo"),
    "幽罪駐煙阻": ("yōu zuì zhù yān zǔ", "dark guilt halts, smoke obstructs"),
    "然離度上亡": ("rán lí dù shàng wáng", "so, leave, cross over, above, perish"),
    # the acrostic
    "春草煙煙竹": ("chūn cǎo yān yān zhú", "spring grass, mist, mist, bamboo"),
    "花開水徑如": ("huā kāi shuǐ jìng rú", "flowers open, the water path is like"),
    "秋風有風雨": ("qiū fēng yǒu fēng yǔ", "the autumn wind has wind and rain"),
    "月上采魚魚": ("yuè shàng cǎi yú yú", "on the moon, picking fish, fish"),
    # begun with the bright moon
    "明月入何人": ("míng yuè rù hé rén", "the bright moon enters which person"),
    "獨將壺上後": ("dú jiāng hú shàng hòu", "alone, holding, on the pot, afterwards"),
    "迴聲看夜光": ("huí shēng kàn yè guāng", "returning sound, look at the night's light"),
    "更雨空相有": ("gèng yǔ kōng xiāng yǒu", "still more rain, in vain each has the other"),
}


class Glossed:
    """Poems under their titles, as a table of lines, pinyin and English, or as text."""

    def __init__(self, poems: Mapping[str, list[tuple[str, str, str]]]):
        self.poems = poems

    def __repr__(self) -> str:
        return "\n".join(
            "\n".join([title, *(f"  {line} {pinyin}: {words}" for line, pinyin, words in lines)])
            for title, lines in self.poems.items()
        )

    def _repr_html_(self) -> str:
        rows = []
        for title, lines in self.poems.items():
            rows.append(f'<tr><th colspan="2" scope="rowgroup">{escape(title)}</th></tr>')
            rows += [
                f'<tr><td><span lang="zh-Hant">{line}</span><br>'
                f'<small lang="zh-Latn">{pinyin}</small></td><td>{escape(words)}</td></tr>'
                for line, pinyin, words in lines
            ]
        return '<table class="poems">\n' + "\n".join(rows) + "\n</table>"


def glossed(poems: Mapping[str, str]) -> Glossed:
    """Poems of lines of five characters under their titles, with pinyin and literal English.

    Raises `ValueError` for a line without a gloss.

    >>> glossed({"a poem": "黃河入海流，更上一層樓。"})
    a poem
      黃河入海流， huáng hé rù hǎi liú: the Yellow River flows into the sea
      更上一層樓。 gèng shàng yī céng lóu: climb one more floor of the tower
    """
    found: dict[str, list[tuple[str, str, str]]] = {}
    for title, poem in poems.items():
        found[title] = []
        for line in (poem[k : k + 6] for k in range(0, len(poem), 6)):
            if line[:5] not in GLOSSES:
                raise ValueError(
                    f"the line {line[:5]!r} has no gloss in rnnbook.book.poems; expected a line of"
                    " a poem of the book: print other poems"
                )
            found[title].append((line, *GLOSSES[line[:5]]))
    return Glossed(found)
