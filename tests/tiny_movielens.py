"""Tiny data sets in every format of MovieLens: the content of their files."""

# Three users, four items, six ratings: n_users != n_items, an item without a date, another without
# ratings, letters beyond ASCII.
U_DATA = (
    "1\t2\t5\t874965758\n3\t1\t3\t875747190\n1\t1\t4\t878542960\n"
    "2\t4\t1\t888550871\n3\t4\t2\t889237482\n2\t1\t5\t893286638\n"
)
U_ITEM = "".join(
    fields + "".join(f"|{int(genre in genres)}" for genre in range(19)) + "\n"
    for fields, genres in [
        ("1|Toy Boat (1995)|01-Jan-1995||http://example.org/1", {3, 4, 5}),
        ("2|Café Été (1962)|4-Feb-1962||", {8}),
        ("3|unknown|||", {0}),
        ("4|The Long, Long Road (1997)|14-Mar-1997||http://example.org/4", {16, 18}),
    ]
)
U_USER = "1|24|M|technician|85711\n2|53|F|other|94043\n3|23|M|writer|T8H1N\n"

FILES = {
    "ml-100k": {
        "u.data": U_DATA.encode(),
        "u.item": U_ITEM.encode("latin-1"),
        "u.user": U_USER.encode(),
        "u1.base": U_DATA[: U_DATA.index("2\t4")].encode(),
        "u1.test": U_DATA[U_DATA.index("2\t4") :].encode(),
    },
    "ml-1m": {
        "ratings.dat": U_DATA.replace("\t", "::").encode(),
        "movies.dat": (
            "1::Toy Boat (1995)::Animation|Comedy\n2::Café Été (1962)::Drama\n"
            "3::Mission: 1999 (1998)::Sci-Fi\n4::The Long, Long Road (1997)::War\n"
        ).encode("latin-1"),
        "users.dat": b"1::F::1::10::48067\n2::M::56::16::70072\n3::M::25::0::06810\n",
    },
    "ml-latest-small": {
        "ratings.csv": (
            "userId,movieId,rating,timestamp\n"
            + U_DATA.replace("\t", ",").replace("2,5,8", "2,4.5,8")
        ).encode(),
        "movies.csv": (
            "movieId,title,genres\n1,Toy Boat (1995),Animation|Comedy\n"
            '2,"Été, Café (1962) ",Drama\n3,"The ""Hidden"" Show (2006–2007)",(no genres listed)\n'
            '4,"Long, Long Road, The",War\n'
        ).encode(),
    },
}
