"""How names are read: surnames whose reading is not the common one of the character, and characters read in two ways.

Where families differ (覃 qin or tan) both stand here, the more usual one first; so do readings that an officer types who does
not know the surname's own (仇 as "chou"). Collected by hand. Readings are toneless, ü is written v. A character that is not
here has the reading that pypinyin gives it.
"""

from __future__ import annotations

#: Surnames of one character.
SINGLE: dict[str, tuple[str, ...]] = {
    "卜": ("bu",), "朴": ("piao", "pu"), "单": ("shan", "dan"), "解": ("xie", "jie"), "曾": ("zeng", "ceng"),
    "仇": ("qiu", "chou"), "区": ("ou", "qu"), "查": ("zha", "cha"), "盖": ("ge", "gai"),
    "缪": ("miao", "mou", "miu"), "覃": ("qin", "tan"), "翟": ("zhai", "di"), "尉": ("wei", "yu"),
    "乐": ("yue", "le"), "员": ("yun", "yuan"), "贠": ("yun", "yuan"), "种": ("chong", "zhong"), "折": ("she", "zhe"),
    "祭": ("zhai", "ji"), "繁": ("po", "fan"), "洗": ("xian", "xi"), "黑": ("he", "hei"), "秘": ("bi", "mi"),
    "么": ("yao", "me"), "召": ("shao", "zhao"), "谌": ("chen", "shen"), "乜": ("nie", "mie"), "隗": ("wei", "kui"),
    "郗": ("xi", "chi"), "牟": ("mu", "mou"), "郇": ("xun", "huan"), "句": ("gou", "ju"), "阚": ("kan",),
    "难": ("ning", "nan"), "粘": ("nian", "zhan"), "宿": ("su", "xiu"), "佴": ("nai", "er"), "适": ("kuo", "shi"),
    "褚": ("chu", "zhu"), "能": ("nai", "neng"), "瞿": ("qu", "ju"), "郄": ("qie", "xi"), "呙": ("guo", "wo"),
    "那": ("na", "nuo"), "车": ("che", "ju"), "柏": ("bai", "bo"), "薄": ("bo", "bao"), "会": ("gui", "hui"),
    "藏": ("zang", "cang"), "泊": ("bo", "po"), "都": ("du", "dou"), "莘": ("shen", "xin"), "宓": ("mi", "fu"),
    "长": ("chang", "zhang"), "重": ("chong", "zhong"), "强": ("qiang", "jiang"), "拓": ("tuo", "ta"),
    "糜": ("mi", "mei"), "角": ("jue", "jiao"), "仡": ("ge", "yi"), "晟": ("cheng", "sheng"),
}  # fmt: skip

#: Surnames of two characters that are not read as their characters are.
DOUBLE: dict[str, tuple[tuple[str, str], ...]] = {
    "尉迟": (("yu", "chi"), ("wei", "chi")), "长孙": (("zhang", "sun"), ("chang", "sun")),
    "单于": (("chan", "yu"), ("shan", "yu"), ("dan", "yu")), "万俟": (("mo", "qi"), ("wan", "si")),
    "澹台": (("tan", "tai"), ("dan", "tai")), "乐正": (("yue", "zheng"), ("le", "zheng")),
    "拓跋": (("tuo", "ba"), ("ta", "ba")), "皇甫": (("huang", "fu"), ("huang", "pu")),
    "子车": (("zi", "ju"), ("zi", "che")), "那拉": (("na", "la"), ("nuo", "la")),
}  # fmt: skip

#: Characters of given names that are read in different ways, or otherwise than pypinyin has it; the usual reading first.
GIVEN: dict[str, tuple[str, ...]] = {
    "卜": ("bu", "bo"), "乐": ("le", "yue"), "长": ("chang", "zhang"), "朝": ("chao", "zhao"), "行": ("xing", "hang"),
    "重": ("chong", "zhong"), "曾": ("zeng", "ceng"), "晟": ("sheng", "cheng"), "盛": ("sheng", "cheng"),
    "茜": ("qian", "xi"), "莘": ("xin", "shen"), "娜": ("na", "nuo"), "哪": ("na", "nuo"), "阿": ("a", "e"),
    "柏": ("bai", "bo"), "奇": ("qi", "ji"), "单": ("dan", "shan"), "解": ("jie", "xie"), "朴": ("pu", "piao"),
    "禅": ("chan", "shan"), "参": ("can", "shen", "cen"), "藏": ("cang", "zang"), "传": ("chuan", "zhuan"),
    "调": ("diao", "tiao"), "都": ("du", "dou"), "降": ("jiang", "xiang"), "蕃": ("fan", "bo"), "否": ("fou", "pi"),
    "角": ("jiao", "jue"), "觉": ("jue", "jiao"), "隽": ("jun", "juan"), "尉": ("wei", "yu"), "仇": ("chou", "qiu"),
    "泊": ("bo", "po"), "强": ("qiang", "jiang"), "茄": ("qie", "jia"), "荨": ("xun", "qian"),
    "省": ("sheng", "xing"), "说": ("shuo", "yue"), "见": ("jian", "xian"), "伽": ("jia", "ga", "qie"),
    "校": ("xiao", "jiao"), "颉": ("jie", "xie"), "莞": ("wan", "guan"), "蔚": ("wei", "yu"), "翟": ("zhai", "di"),
    "还": ("huan", "hai"), "堡": ("bao", "pu"), "戏": ("xi", "hu"), "缪": ("miao", "mou"), "率": ("shuai", "lv"),
    "绿": ("lv", "lu"), "殷": ("yin", "yan"), "种": ("zhong", "chong"), "查": ("cha", "zha"), "盖": ("gai", "ge"),
    "薄": ("bo", "bao"), "壳": ("ke", "qiao"), "秘": ("mi", "bi"), "圩": ("wei", "xu"), "给": ("ji", "gei"),
    "牟": ("mou", "mu"), "爪": ("zhao", "zhua"), "黑": ("hei", "he"), "员": ("yuan", "yun"), "亘": ("gen", "xuan"),
}  # fmt: skip

_SYLLABLES = """
a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce cen ceng cha
chai chan chang chao che chen cheng chi chong chou chu chuai chuan chuang chui chun chuo ci cong cou cu cuan cui cun
cuo da dai dan dang dao de dei den deng di dia dian diao die ding diu dong dou du duan dui dun duo e ei en eng er fa
fan fang fei fen feng fo fou fu ga gai gan gang gao ge gei gen geng gong gou gu gua guai guan guang gui gun guo ha
hai han hang hao he hei hen heng hong hou hu hua huai huan huang hui hun huo ji jia jian jiang jiao jie jin jing
jiong jiu ju juan jue jun ka kai kan kang kao ke ken keng kong kou ku kua kuai kuan kuang kui kun kuo la lai lan
lang lao le lei leng li lia lian liang liao lie lin ling liu long lou lu luan lun luo lv lve ma mai man mang mao me
mei men meng mi mian miao mie min ming miu mo mou mu na nai nan nang nao ne nei nen neng ni nian niang niao nie nin
ning niu nong nou nu nuan nuo nv nve o ou pa pai pan pang pao pei pen peng pi pian piao pie pin ping po pou pu qi
qia qian qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao re ren reng ri rong rou ru ruan rui run ruo
sa sai san sang sao se sen seng sha shai shan shang shao she shei shen sheng shi shou shu shua shuai shuan shuang
shui shun shuo si song sou su suan sui sun suo ta tai tan tang tao te teng ti tian tiao tie ting tong tou tu tuan
tui tun tuo wa wai wan wang wei wen weng wo wu xi xia xian xiang xiao xie xin xing xiong xiu xu xuan xue xun ya yan
yang yao ye yi yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe
zhen zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo
"""
#: All toneless syllables of Mandarin that occur in names; v is ü.
SYLLABLES = frozenset(_SYLLABLES.split())
