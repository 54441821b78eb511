"""Everyday English words of questions about a business: no misspelt names, and no names unless written so."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text, for lists that read better as prose."""
    return frozenset(text.split())


# Words that carry no meaning of their own: never a value by themselves, whatever the database holds.
FUNCTION_WORDS = word_set(
    """
    a about above across after again against all along also although always am among an and another any
    anybody anyone anything are aren around as at away be because been before being below besides
    between beyond both but by can cannot could did do does doing don done down during each either else
    etc even ever every everybody everyone everything few for from further get gets getting give given
    gives go goes going gone got had has have having he hello help her here hers hey hi him his how
    however i if in instead into is isn it its itself just least less let like likely list lot lots many
    may me might mine more most much must my myself near neither never no nobody none nor not nothing
    now of off often ok okay on once one only onto or other others our ours out over own per please pls
    quite rather really same she should show since so some somebody someone something still such than
    thank thanks that the their them then there these they thing things this those though through thx to
    together too toward towards under until unto up upon us very via was wasn we well were weren what
    whatever when whenever where wherever whether which while who whoever whole whom whose why will with
    within without would yes yet you your yours
    """
)

COMMON_WORDS = FUNCTION_WORDS | word_set(
    """
    able absent accept access accessory account accountant accountants accounting accounts accurate
    achieve acquire action active activity actual actually add added addition additional address adjust
    adult advance advice affect afternoon age aged agent agents ago agree agreed air alive allow allowed
    almost alone alphabetical alphabetically already alphabet amount amounts amazing analysis analyst
    announce annual annually answer answers apart appear apple application apply approve approved
    approximately april area areas aren arm arrange arrival arrive arrived art article articles ask
    asked asking assign assigned assignee associate attach attached attempt attention august autumn
    average averages avg avoid await awaiting aware awesome baby back backlog backs bad bag balance ball
    bank bar bare barely base based baseline basic basis basket bath beat beats became become bed beds
    began begin beginning begun behind believe bell belong belongs beneath best bestseller bestsellers
    bestselling better big bigger biggest bill billed billing bills bird birth birthday bit black block
    blue board body book booked booking books boss bottle bottom bought box boxes boy branch brand
    brands break breakdown bring brings broad broke broken brought brown budget budgets build building
    built bulk bunch burn business businesses busiest busy button buy buyer buyers buying buys cable
    cake calculate calendar call called caller calls came camera camp campaign cancel canceled
    cancellation cancellations cancelled capacity car card cards care carry carried case cases cash
    catalog catalogue categories category cause caused causes cell center central centre century certain
    chain chair chairs challenge champion chance change changed changes changing channel channels charge
    charged charges chart charts chat cheap cheaper cheapest check checked chief child children
    chocolate choice choose chose church circle cities city claim claims class clean clear clearly click
    client clients clock close closed closely closes closing closest cloth clothes cloud club coach code
    coffee cold colleague colleagues collect collected collection college color colour column columns
    combine combined come comes comfortable coming command comment common companies company compare
    compared compares comparison compensation complain complained complaint complaints complete
    completed completely completion computer concern condition conduct confirm confirmed connect
    connection consider considered constant consumer consumers contact contacted contacts contain
    contains content contents continue contract contribute contribution control convert cook cool copy
    core corner correct cost costing costliest costly costs couch could counsel count counted counter
    counting countries country counts couple course court cover create created credit crew cross crowd
    cumulative cup currency current currently custom customer customers cut cycle daily damage damaged
    damages dark data database date dated dates day days dead deadline deadlines deal dealer deals dear
    death december decide decided decimal decision decline declined decrease decreased dedicated deep
    default defect defective defects define degree delay delayed delays delete deliver delivered
    deliveries delivering delivers delivery demand department departments depend deposit depot depots
    depth descending describe design designer desk desks detail detailed details determine develop
    developed developer development device devices did differ difference differences different difficult
    digital dinner direct direction directly director directors dirty discontinued discount discounted
    discounts discover discuss dish dispatch dispatched display distance distinct distribution divide
    divided division doctor document documents dog dollar dollars door doors double doubt dozen draft
    dream dress drink drive driver driving drop dropped drops dry due dust duty early earn earned earner
    earners earning earnings earns ease easier easily east easy eat edge edition education effect
    effective effort eight either elder electric electronic electronics element eleven email emails
    employ employed employee employees empty end ended ending ends energy engine engineer engineers
    engineering enjoy enough enter enterprise enterprises entire entry equal equals equipment error
    errors especially essential estimate estimated euro euros evening evenly event events eventually
    evidence exact exactly example exceed exceeding exceeds excellent except exception exchange exclude
    excluded excludes excluding executive exist existing exists expect expected expense expenses
    expensive experience expert expire explain export express extra extreme eye face fact factor factory
    fail failed failure fair fairly fall fallen family famous far farm fast faster fastest fat father
    favorite favourite feature february fee feedback feel feet fell female fetch fewer fewest field
    fields fifteen fifth fifty figure figures file filed files fill filled filter final finally finance
    finances financial find finding fine finish finished fire firm firms first fish fit five fix fixed
    flag flat floor flow focus folder folding folks follow followed following food foot force foreign
    forever forget form formal format former forty forward forwarded found founded four fourth frame
    frank free freight frequency frequent frequently fresh friday friend friendly friends front fruit
    fulfil fulfill fulfilled fulfillment fulfilment full fully fun function fund funded funds funny
    future gain gained game gap garden gardens gave general generate generated generous gift girl glad
    glass global goal gold good goods grace grade grand grant graph gray great greater greatest green
    grew grey gross ground group grouped grouping groups grow growing grown growth guarantee guess guest
    guide guy guys habit hair half hall hand handed handle handled handles handling hands hang happen
    happened happens happy hard harder hardest hardly hardware head headcount header heads health heard
    heart heat heater heavy heavily height held hide high higher highest highlight hill hire hired hires
    hiring historic historical history hit hits hold holder holders holding holds hole holiday home
    homes honest hope horse hospital host hot hotel hotels hottest hour hours house houses housing huge
    human hundred hurry husband ice idea ideal identify idle image imagine immediate impact import
    important improve improved inbound inch include included includes including income incoming
    incomplete increase increased increases individual industrial industries industry info information
    initial inside insight install instance intake interest internal international internet invent
    inventories inventory invest investment invoice invoiced invoices involve involved iron island
    isolate issue issued issues item items january job jobs join joined joiner joiners joining joins
    journey july jump june keep keeping keeps kept key keys kid kids kind kinds king kitchen kitchens
    knew know known knows label labels labor labour lack lady lamp lamps land landed language large
    largely larger largest last late lately later latest law lawyer lazy lead leader leaders leading
    leads lean learn leave leaver leavers leaves leaving led left leg legal lend length lesson letter
    level levels library lie life lifetime lift light lighter lighting lights limit limited limits line
    lines link listed listing lists little live lived lives living load loan local located location
    locations lock logged logistics long longer longest look looked looking looks loose lose losing loss
    losses lost loud love low lower lowest loyal loyalty luck lucky lunch machine made mail main mainly
    maintain major majority make maker makes making male man manage managed management manager managers
    manages managing map maps march margin margins mark marked market marketing markets marks married
    mass master match matched matches matching material materials matter matters maximum meal mean
    meaning means meant measure measured medium meet meeting member members mention mess message
    messages met metal method methods metric metrics middle mile milk mind minimum minor minus minute
    minutes miss missed missing mistake mix mixed mobile mode model models modern moment monday money
    monitor month monthly months moon morning mother motor mouse mouth move moved movement moves moving
    multiple music name named names nation national native natural nature nearby nearest nearly neat
    necessary need needed needing needs negative net network new newer newest newly news next nice night
    nine noise noon normal normally north northern note notes notice november null number numbers object
    obtain obvious occasion occur occurred october odd offer offered offers office officer officers
    offices official offline oil old older oldest online open opened opener opening opens operate
    operation operations operator opinion opposite option options orange order ordered ordering orders
    ordinary organisation organise organization organize organizer origin original originally outcome
    outlet output outside outstanding overall overdue overview owe owed owes owing owned owner owners
    owns pack package packages packaging packed pad page pages paid pain paint pair pairs paper papers
    parcel parcels parent park part partial partially particular particularly partly partner partners
    parts party pass passed past path patient pattern pay payable payer paying payment payments payroll
    pays peak pen pencil pending pens people percent percentage percentages perfect perform performance
    performed performer performers performing perhaps period periods permanent person personal personnel
    persons phase phone phones photo physical pick picked picture piece pieces pink place placed places
    plain plan planned plans plant plastic plate platform play played player plenty plot plus pocket
    point points policy poor poorest poorly popular popularity populate population portal portfolio
    portion position positions positive possible possibly post postal posted pot potential pound pounds
    power prefer premium prepare prepared present press pretty prevent previous previously price priced
    prices pricey priciest pricing primary print prior priorities prioritise priority private prize
    probably problem problems process processed processing procure produce produced producer product
    production productive products profession profit profitability profitable profits program progress
    project projects promise promised promotion proper properly properties property proportion protect
    proud prove provide provided provider providers provides public pull pulled purchase purchased
    purchases purchasing pure purple purpose push put puts quality quantities quantity quarter quarterly
    quarters queen queries query question questions queue quick quicker quickest quickly quiet quietly
    quit quota quote quotes race rack radio rain raise raised ran random range ranges ranging rank
    ranked ranking rapid rare rarely rate rated rates rating ratings ratio raw reach reached reaches
    read reader reading ready real reason reasons rebate rebates recall receipt receipts receive
    received receiver receiving recent recently record recorded records recover recruit recruited red
    reduce reduced reduction refer reference refund refunded refunding refunds refuse regard region
    regional regions register registered registration regular regularly reject rejected relate related
    relation relationship relative release released relevant reliable relief remain remained remaining
    remains remark remember remind remote remove removed rent reorder reordered reordering repair repeat
    repeated replace replaced replacement replenish reply report reported reporter reporting reports rep
    reps represent representative representatives request requested requests require required requires
    rescue research reserve reset resolution resolve resolved resource resources respond response
    responses responsible rest restock restocked restocking result results retail retailer retailers
    retain retired retiring return returned returning returns revenue revenues reverse review reviewed
    reviews rich ride right ring rise rising risk river road role roles roll rolled room rooms root rose
    rough roughly round row rows rule rules run runner running runs rush safe safety said salaries
    salary sale sales salesman salespeople salesperson sample sand satisfaction satisfied saturday save
    saved saving savings saw say saying says scale schedule scheduled school schools science score
    scored scores scoring screen sea search season seat second secondary seconds secret section sector
    secure security see seeing seek seem seems seen segment segments select selected selection sell
    seller sellers selling sells send sender sending sends senior sense sent separate separately
    september sequence series serious serve served serves service services set sets setting settle
    settled seven several severe shape share shared shares sharp sheet shelf shelves ship shipment
    shipments shipped shipper shipping ships shirt shoe shoes shop shopper shoppers shopping shops shore
    short shortage shortages shorter shortest shot shoulder showed showing shown shows shut sick side
    sides sign signed signs signup signups silent silver similar similarly simple simply single sir
    sister sit site sites sits sitting situation six sixth size sized sizes skill skin skip sky sleep
    slice slide slight slightly slim slip slow slower slowest small smaller smallest smart smile smooth
    snow social soft software sold solution solutions solve solved solving song soon sort sorted sorts
    sought sound source sources south southern space spare speak special specialist specialists specific
    specifically speed spell spend spender spenders spending spends spent split splits spoke sport spot
    spread spring square staff stage stand standard standing star stars start started starter starters
    starting starts state states station stats status statuses stay stayed stays steady steel step stick
    sticky stock stocked stocking stocks stone stood stop stopped storage store stored stores stories
    story straight strange street strength string strong stronger strongest struggle student studio
    study stuff style subject subjects subtotal succeed success successful sudden sugar suggest suit sum
    summarise summarize summary summed summer sums sun sunday sunny supplied supplier suppliers supplies
    supply support supported sure surface surname surprise survey sweet swim switch symbol system
    systems table tables take taken takes taking talk tall tally target targets task tasks taste tax
    taxes tea teach team teams tech technical technology tell ten tend tenure term terms test text theme
    themselves therefore thick thin think third thirty thought thousand three threshold throw thursday
    ticket tickets tie tied tight time times timing tiny tip tired title titles today told tomorrow tone
    tonight took tool tools top topic topics total totals touch tough tour tower town towns track
    tracking trade traffic train training transaction transactions transfer transport travel treat tree
    trend trending trends trial trip trouble truck true truly trust truth try trying tuesday tune turn
    turned turnover turns twelve twenty twice two type types typical typically unable uncommon
    underneath understand unhappy unique unit united units unknown unless unlike unlimited unordered
    unpaid unresolved unsatisfied unsettled unshipped unsold unsolved unusual upcoming update updated
    updates upper upset upward urgency urgent usage use used useful user users uses using usual usually
    utilisation utilization valid valuable value valued values variation varied variety various vary
    vast vendor vendors version versus view viewed views village virtual visible visit visits voice
    volume volumes wage wages wait waited waiting walk wall walls want wanted wants war warehouse
    warehouses warm warn wash waste watch water wave weak weakest wealth wear weather web website
    wednesday week weekday weekdays weekend weekends weekly weeks weigh weight weird welcome west
    western wet whatever wheel white wholesale wide wider widest wife wild win wind window windows wine
    winner winners winning wins winter wire wise wish woman women won wonder wondering wood wooden word
    words wore work worked worker workers workforce working workload works workshop world worse worst
    worth wrap write writes writing written wrong wrote yeah year yearly years yellow yes yesterday
    young younger youngest zero zone ones went incl distributed upwards averaged prio depts takings
    turnaround topline altogether inactive assortment lateness receivables available duration earliest
    fraction tops stack topped leaderboard movers fattest strictly beating discounting replenishment
    credited lucrative grossing cart bucks knock valuation faulty registrations payers lacking
    supervisor sourced collections debtors phased unsent heaviest makers granted payout pile till
    geographically containing knocked tier stacked comp paycheck allowance funding sourcing dearest
    causing cleared markup chase affected occupancy deck cancelation earlier accumulated geography
    roster newbies onboarded recruiting additions budgeted contributors entries stockouts carries
    undispatched destination dispatches punctual commonest wrapped contacting acquisition pricier
    dunning pipeline sees baskets alongside steps crossed shifted flops drivers lies scoreboard serving
    reductions steepest giving anymore directory staffed tiniest faces annum titled compensated
    addresses span tenured attrition allocate departmental generating centers carrying emptiest trigger
    somewhere replenishing capital bound fullest unused shortfall overrun labelled offenders returners
    dealing closer happiness noisiest problematic falls layer layers lay delta rolling couldn didn doesn
    hadn hasn haven shouldn wouldn ain ve ll re isn dont doesnt didnt isnt arent wasnt havent hasnt
    whats whos hows thats lets im ive cant wont theres heres gonna wanna gotta asap btw fyi lol omg idk
    tho kinda sorta csv sql kpi kpis aov csat qty nr num dept acct mgr rev est min max sku skus
    """
)


def everyday(word: str) -> bool:
    """Whether a lower-case word is common, or another form of one: "piling", "skipped", "slowly"."""
    if word in COMMON_WORDS:
        return True
    for ending in ("ing", "ed", "ly", "es", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            base = word[: -len(ending)]
            doubled = base[:-1] if base[-1] == base[-2] else base
            if base in COMMON_WORDS or doubled in COMMON_WORDS or base + "e" in COMMON_WORDS:
                return True
    return False
